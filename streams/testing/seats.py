"""What stays of a worker when it has gone: its slot, its store, its directory."""

from dataclasses import dataclass, field
from pathlib import Path

from streams.runtime.courier import LoopCourier
from streams.runtime.store import Store
from streams.testing.store import MemoryStore


@dataclass(slots=True)
class Seat:
    """The next worker that takes it has the same instance id and transactional id, as on a real host."""

    slot: str
    directory: Path
    store: Store = field(default_factory=MemoryStore)
    courier: LoopCourier | None = None
