"""What an engine is given instead of making it: clients, clock, store and codec, so that a test can pass its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streams.contracts.codec import Codec
from streams.contracts.names import Names
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.lines import Courier
from streams.runtime.store import Store


class Stop(Exception):
    """This app must not run as things are; starting it again would not help. `doctor` explains."""


class Clock:
    """The one place where the clock is read, and where a blocking call waits."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    monotonic = staticmethod(time.monotonic)


@dataclass(frozen=True, slots=True)
class Parts:
    """Clients have the methods of confluent-kafka's; `reader` makes a consumer outside every group."""

    consumer: Any
    producer: Any
    admin: Any
    reader: Callable[[], Any]
    store: Store
    clock: Clock
    codec: Codec
    names: Names
    metrics: AppMetrics
    directory: Path
    courier: Courier | None = None
    idle_s: float = 0.2
