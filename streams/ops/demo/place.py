"""Where a demo keeps its files: a home of its own, new for each run, for one demo at a time."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.ops import kafka
from streams.ops.demo.failed import DemoFailed


@dataclass(frozen=True, slots=True)
class Place:
    root: Path

    @property
    def map(self) -> Path:
        return self.root / "topology.yaml"

    def deliveries(self, partner: str) -> Path:
        """What the simulated partner was sent, a JSON line each."""
        return self.root / f"{partner}.jsonl"


@contextmanager
def fresh(home: Path) -> Iterator[Place]:
    """`<home>/demo`, emptied; never the home itself, where somebody's Kafka may keep its data. Raises DemoFailed."""
    root = home.absolute() / "demo"
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoFailed(f"another demo runs in {root}; wait for it, or set CROSSDOCK_HOME") from error
        kafka.down(root, patience_seconds=0)
        for old in root.iterdir():
            if old.is_dir():
                shutil.rmtree(old)
            elif old.name != "lock":
                old.unlink()
        yield Place(root)
