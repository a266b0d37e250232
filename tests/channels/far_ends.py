"""The far end of a channel, a real server: what has come there, its outages, refusals and credentials."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from streams.channels import OpenChannel, open_channel
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery

TIMEOUT = timedelta(seconds=3)
Stanza = tuple[str, str, dict[str, Any], dict[str, str]]  # kind, target, options, environment


class Got(NamedTuple):
    """A message as the partner sees it."""

    id: str
    key: str


class FarEnd(ABC):
    """Of one transport and one test: what comes there lies apart from what other tests send."""

    keeps_one_of_an_id = False
    stranger = "bad credentials"  # what a channel with wrong ones says

    def __init__(self) -> None:
        self.name = f"t{uuid4().hex[:12]}"

    def channel(self, *, is_stranger: bool = False, timeout: timedelta = TIMEOUT, **options: Any) -> OpenChannel:
        """A channel to here."""
        kind, target, own, env = self.stanza(is_stranger)
        return open_channel(Channel(kind, target, own | options, timeout), Settings(), env)

    @abstractmethod
    def stanza(self, is_stranger: bool) -> Stanza:
        """What the map and the environment say of it."""

    @abstractmethod
    async def prepare(self) -> None:
        """What has to be here before anything can be delivered; also after an outage that has lost it."""

    @abstractmethod
    async def got(self) -> list[Got]:
        """What has come, in its order."""

    @abstractmethod
    async def go_away(self) -> None: ...

    @abstractmethod
    async def come_back(self) -> None: ...

    @abstractmethod
    async def refuse(self) -> Delivery:
        """A delivery that is refused, perhaps because everything is from now on."""

    @abstractmethod
    async def relent(self) -> None:
        """Refuse no longer."""
