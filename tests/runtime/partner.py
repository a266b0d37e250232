"""The rig of a partner's app: deliveries go out by a courier whose hand is the test's."""

from typing import Any

from tests.runtime.rig import Rig
from tests.runtime.rig_map import CHANNEL, ONE, PARK, own, stanza


class Partner(Rig):
    """The rig of a partner's app; `a1` is a delivery of key `a`."""

    def __init__(self, **more: Any) -> None:
        super().__init__(stanza(**{"ladder": PARK, "channel": CHANNEL, **more}))

    def tell(self, *reasons: str, topic: str = ONE) -> None:
        """Records arrive in the partner's own topic."""
        for reason in reasons:
            self.say(own(topic), reason[0], reason)

    @property
    def sent(self) -> list[str]:
        return [self.reason(item.tried.record) for item in self.courier.sent]

    @property
    def flying(self) -> list[str]:
        return [self.reason(item.tried.record) for item in self.courier.flying]

    def land(self, *reasons: str, result: Any = ()) -> None:
        """These deliveries end, well if nothing else is said, and the turn after it is over."""
        for reason in reasons:
            item = next(item for item in self.courier.flying if self.reason(item.tried.record) == reason)
            self.courier.land(item, list(result) if isinstance(result, tuple) else result)
        self.turn()

    @property
    def state(self) -> str:
        assert self.window is not None
        return self.window.outage.breaker.state

    def committed(self, topic: str = ONE) -> int:
        return self.task.streams[own(topic)].committed
