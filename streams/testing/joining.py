"""A consumer's side of its group: what the coordinator says waits here until the application polls."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from confluent_kafka import KafkaError, Message

from streams.testing.clock import VirtualClock
from streams.testing.groups import Group, Member, Metadata
from streams.testing.topics import Place

Tell = Callable[[str, list[Place] | None], None]


class Joining:
    """`tell` runs a callback: assign with the new places; revoke or lost with None, for all that it owns."""

    def __init__(self, group: Group, clock: VirtualClock, instance: str | None, session_s: float, tell: Tell) -> None:
        self.group, self._clock, self._instance, self._session_s = group, clock, instance, session_s
        self._tell = tell
        self._member: Member | None = None
        self._generation = -1
        self._said: deque[Callable[[], Message | None]] = deque()
        self._silent_since: datetime | None = None

    @property
    def has_news(self) -> bool:
        return bool(self._said)

    def hear(self) -> Message | None:
        """Runs what the coordinator has said meanwhile; an error of it comes as a message."""
        while self._said:
            message = self._said.popleft()()
            if message is not None:
                return message
        return None

    def join(self, topics: list[str]) -> None:
        self._member = Member("", self._instance, self, topics, self._session_s)
        self.group.join(self._member)

    def leave(self) -> None:
        """A static member does not: its session ends by itself, unless it comes again before that."""
        if self._member is None:
            return
        self._tell("revoke", None)
        self._said.clear()
        if self._instance is None:
            self.group.leave(self._member)
        self.fall_silent()

    @property
    def metadata(self) -> Metadata:
        return Metadata(self.group.name, self._generation, self._member.id if self._member else "", self._instance)

    def must_rejoin(self) -> None:
        member = self._member
        assert member is not None
        self._said.append(lambda: self._tell("revoke", None))
        self._said.append(lambda: self._rejoin(member))

    def assigned(self, generation: int, places: list[Place]) -> None:
        self._generation = generation
        self._said.append(lambda: self._tell("assign", places))

    def fenced(self) -> None:
        error = KafkaError(KafkaError._FATAL, f"{self._instance} is another member now")  # its flag `fatal` is not set
        self._said.clear()
        self._said.append(lambda: Message(error=error))

    def fall_silent(self) -> None:
        """No heartbeats from now on."""
        self._silent_since = self._clock.now()
        if self._member is not None:
            self.group.silent(self._member)

    def go_on(self) -> None:
        """After a silence longer than its session librdkafka joins again by itself, as if it were new."""
        member, since = self._member, self._silent_since
        if member is None or since is None:
            return
        self._silent_since = None
        if self._clock.now() - since >= timedelta(seconds=self._session_s):
            self._said.clear()
            fresh = self._member = Member("", self._instance, self, member.topics, self._session_s)
            self._said.append(lambda: self._tell("lost", None))
            self._said.append(lambda: self._rejoin(fresh))
        elif not self.group.heard(member):
            self.fenced()

    def _rejoin(self, member: Member) -> None:
        if member is self._member:
            self.group.join(member)
