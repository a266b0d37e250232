"""One broker, what lies ready in its topics, and the processes that race on it."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from streams.contracts.settings import Settings
from tests.bench import contestants, feed, ground
from tests.bench.gauge import Process
from tests.bench.inputs import Inputs
from tests.bench.rows import ROWS
from tests.kafka_server import KafkaServer


class Arena:
    """`root` holds a home for each contestant. `is_smoke` asks for as little as shows that everything runs."""

    def __init__(self, kafka: KafkaServer, root: Path, olist: Path | None, is_smoke: bool) -> None:
        self.kafka, self.root, self.is_smoke = kafka, root, is_smoke
        self.inputs = Inputs(olist)
        self._laid: dict[str, int] = {}
        self._runs = self._starts = 0
        ground.prepare(root)

    def env(self, home: str = "bench", **more: str) -> Mapping[str, str]:
        return {
            **os.environ, "CROSSDOCK_BROKER": self.kafka.bootstrap, "CROSSDOCK_HOME": str(self.root / home), **more
        }  # fmt: skip

    @property
    def settings(self) -> Settings:
        """Of clients that outlive the broker, and say nothing of it."""
        return replace(ground.settings(self.env()), kafka_config={"log_level": "0"})

    def name(self, row: str, contestant: str) -> str:
        """Of a new run."""
        self._runs += 1
        return f"{row}-{contestant}-{self._runs}"

    def lay_ready(self, row: str) -> int:
        """The number of events that lie ready for this row; they are written once and read by every run."""
        if row not in self._laid:
            self.add(row, ROWS[row].smoke_events if self.is_smoke else ROWS[row].events)
        return self._laid[row]

    def add(self, row: str, count: int) -> int:
        """More of them; the number of those added."""
        app = ground.spec(ROWS[row], f"{row}-feed")
        ground.lay_out(self.settings, app)
        done = feed.lay_ready(self.settings, app, self.inputs.of(row, count))
        self._laid[row] = self._laid.get(row, 0) + done
        return done

    def laid(self, row: str) -> int:
        return self._laid.get(row, 0)

    def start(self, contestant: str, row: str, run: str, home: str = "", source: str = "", **extra: int) -> Process:
        """Its topics are there already (`ground.lay_out`); it reads the inputs of `source`, or of the row."""
        self._starts += 1
        place = self.root / (home or run)
        place.mkdir(exist_ok=True)
        app = ground.spec(ROWS[row], run, source)
        card = replace(ground.card(self.settings, app, row, place), extra=extra)
        command = contestants.line(contestant, card, self.root / "cards" / f"{self._starts}.json")
        env = {**self.env(home or run), **contestants.PATH}
        return subprocess.Popen(command, env=env)

    @contextmanager
    def running(self, contestant: str, row: str, run: str, source: str = "", **extra: int) -> Iterator[Process]:
        process = self.start(contestant, row, run, "", source, **extra)
        try:
            yield process
        finally:
            end(process)


def end(process: Process, patience_s: float = 20.0) -> None:
    """In good order, and at last by force: a peer may hang in its goodbye."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
