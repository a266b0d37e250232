"""Watches the demo from outside: follows the public topics, asks the partners, and measures the lag."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from streams.contracts.settings import Settings
from streams.ops.demo.asking import ask
from streams.ops.demo.stage import Stage
from streams.ops.demo.tally import Tally
from streams.ops.lag import Lag, lags
from streams.runtime.following import Follower
from streams.runtime.outside import Cluster

_LAG_EVERY_S = 2.0


class Watch:
    """`look` often; `changed_at` is when anything was new, by the monotonic clock."""

    def __init__(self, settings: Settings, stage: Stage) -> None:
        self.tally = Tally(stage.topology)
        self.lags: list[Lag] = []
        self.changed_at = time.monotonic()
        self._settings, self._stage = settings, stage
        self._stats: dict[str, Mapping[str, Any]] = {}
        self._lag_at = 0.0
        cluster = Cluster(settings)
        followed = [topic for topic in cluster.topics if self.tally.is_followed(topic)]
        self._follower = Follower(settings, [place for topic in followed for place in cluster.places(topic)])

    def look(self, seconds: float) -> None:
        """Reads for so long; raises Unavailable."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for stored in self._follower.read(left):
                self.tally.note(stored)
                self.changed_at = time.monotonic()
        for partner, port in self._stage.ports.items():
            self._stats[partner] = ask(port, "stats") or self._stats.get(partner, {})
        if time.monotonic() > self._lag_at:
            self._measure()

    @property
    def taken(self) -> dict[str, int]:
        """Distinct messages that each partner took, as far as it says."""
        webhooks = {partner: int(stats.get("distinct", 0)) for partner, stats in self._stats.items()}
        return webhooks | {partner: len(ids) for partner, ids in self.tally.taken.items()}

    def missing(self) -> list[str]:
        """What still has to happen before the demo is over, in words; nobody may be behind at the end."""
        found = self.tally.missing(self.taken)
        if not found:
            self._measure()
        behind = [f"{lag.group} is {lag.records} records behind in {lag.topic}" for lag in self.lags if lag.records]
        return found or behind

    def _measure(self) -> None:
        self.lags = lags(Cluster(self._settings), self._stage.topology, datetime.now(UTC))
        self._lag_at = time.monotonic() + _LAG_EVERY_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._follower.close()
