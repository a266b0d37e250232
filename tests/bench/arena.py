"""One broker, what lies ready in its topics, and the processes that race on it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from streams.contracts.settings import Settings
from tests.bench import feed, ground
from tests.bench.inputs import Inputs
from tests.bench.rows import ROWS
from tests.kafka_server import KafkaServer

Process = subprocess.Popen[bytes]


class Arena:
    """`root` holds a home for each contestant. `is_smoke` asks for as little as shows that everything runs."""

    def __init__(self, kafka: KafkaServer, root: Path, olist: Path | None, is_smoke: bool) -> None:
        self.kafka, self.root, self.is_smoke = kafka, root, is_smoke
        self._inputs = Inputs(olist)
        self._laid: dict[str, int] = {}
        ground.prepare(root)

    def env(self, home: str = "bench", **more: str) -> Mapping[str, str]:
        return {
            **os.environ, "CROSSDOCK_BROKER": self.kafka.bootstrap, "CROSSDOCK_HOME": str(self.root / home), **more
        }  # fmt: skip

    @property
    def settings(self) -> Settings:
        """Of clients that outlive the broker, and say nothing of it."""
        return replace(ground.settings(self.env()), kafka_config={"log_level": "0"})

    def lay_ready(self, row: str) -> int:
        """The number of events that lie ready for this row; they are written once and read by every run."""
        if row not in self._laid:
            self._laid[row] = self.add(row, ROWS[row].smoke_events if self.is_smoke else ROWS[row].events)
        return self._laid[row]

    def add(self, row: str, count: int) -> int:
        app = ground.spec(ROWS[row], f"{row}-feed")
        ground.lay_out(self.settings, app)
        return feed.lay_ready(self.settings, app, self._inputs.of(row, count))

    def start(self, contestant: str, row: str, run: str, home: str | None = None) -> Process:
        """Its topics are there already (`ground.lay_out`)."""
        command = [sys.executable, "-m", f"tests.bench.{contestant}", row, run]
        return subprocess.Popen(command, env=self.env(home or run))

    @contextmanager
    def running(self, contestant: str, row: str, run: str, home: str | None = None) -> Iterator[Process]:
        process = self.start(contestant, row, run, home)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)
