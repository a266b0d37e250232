"""The lead saga under two kill -9: two processes, a feed of 2,000 events/s, judged from the outputs alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

from streams.contracts.settings import Settings
from streams.domain.events import LeadAccepted
from streams.runtime import clients
from streams.runtime.codecs import codec_of
from streams.runtime.spec import AppSpec
from tests.bench import ground
from tests.bench.arena import Arena, end
from tests.bench.gauge import Outputs, Process, Progress
from tests.bench.results import Round
from tests.bench.rows import ROWS
from tests.bench.turns import turns

ROW, _RATE, _DOWN_S = "w3", 2_000, 2.0
_KILLS = ((0.3, 0), (0.6, 1))  # share of the feed, which process
_DRAIN_S, _READY_S, _WARM = 240.0, 90.0, 1_000


def run(arena: Arena, who: Sequence[str], rounds: int) -> Iterator[tuple[str, Round]]:
    yield from turns(who, rounds, lambda contestant: _Trial(arena, contestant).found())


@dataclass(slots=True)
class _Pair:
    """Two processes under a supervisor that starts again what ended, two seconds later."""

    arena: Arena
    contestant: str
    run: str
    deaths: int = 0
    processes: list[Process | None] = field(default_factory=lambda: [None, None])
    due: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def look(self) -> None:
        for number, process in enumerate(self.processes):
            if process is not None and process.poll() is not None:
                self.deaths += 1
                self._down(number)
            if self.processes[number] is None and monotonic() >= self.due[number]:
                home = f"{self.run}-{number}"
                self.processes[number] = self.arena.start(self.contestant, ROW, self.run, home, self.run)

    def kill(self, number: int) -> None:
        process = self.processes[number]
        if process is not None:
            process.kill()
            process.wait()
        self._down(number)

    def _down(self, number: int) -> None:
        self.processes[number], self.due[number] = None, monotonic() + _DOWN_S

    def stop(self) -> None:
        for process in self.processes:
            if process is not None:
                end(process, 10)


class _Trial:
    """One contestant's run."""

    def __init__(self, arena: Arena, contestant: str) -> None:
        self._count = 12_000 if arena.is_smoke else 100_000
        self._settings, run = arena.settings, arena.name("kills", contestant)
        self._app = ground.spec(ROWS[ROW], run, run)
        ground.lay_out(self._settings, self._app)
        self._pair, self._feed = _Pair(arena, contestant, run), _Feed(self._settings, self._app)
        self._events = arena.inputs.of(ROW, self._count + _WARM)

    def found(self) -> Round:
        outputs, progress = Outputs(self._settings, self._app), Progress(self._settings, self._app)
        try:
            self._get_ready(progress)
            self._feed_and_kill()
            drain_s = self._drain(progress, outputs)
        finally:
            self._pair.stop()
        outputs.reader.close()
        return {**self._judged(), "drain_s": round(drain_s, 1), "died": self._pair.deaths}

    def _get_ready(self, progress: Progress) -> None:
        """Both run and share the work before the feed begins."""
        self._pair.look()
        for _ in range(_WARM):
            self._feed.send(*next(self._events))
        deadline = monotonic() + _READY_S
        while progress.members() < 2 or progress.events() < _WARM:
            if monotonic() > deadline:
                raise TimeoutError(f"{progress.group} did not begin its work")
            self._pair.look()
            sleep(0.2)

    def _feed_and_kill(self) -> None:
        began, kills = monotonic(), list(_KILLS)
        for number in range(self._count):
            while monotonic() < began + number / _RATE:
                sleep(0.001)
            self._feed.send(*next(self._events))
            if kills and number >= kills[0][0] * self._count:
                self._pair.kill(kills.pop(0)[1])
            if not number % 200:
                self._pair.look()

    def _drain(self, progress: Progress, outputs: Outputs) -> float:
        """Seconds from the end of the feed until every lead accepted has its winner, or everything is committed."""
        self._feed.close()
        began, missing = monotonic(), set(self._feed.first)
        while missing and progress.events() < self._feed.sent and monotonic() - began < _DRAIN_S:
            self._pair.look()
            for message in outputs.reader.consume(5_000, 0.1):
                if message.error() is None:
                    missing.discard(message.key().decode())
        return monotonic() - began

    def _judged(self) -> dict[str, float]:
        """Lost: leads accepted and without a winner; doubled: winners beyond one a lead; wrong: not the first's."""
        seen: dict[str, list[str]] = {}
        for won in winners(self._settings, self._app):
            seen.setdefault(won.lead_id, []).append(won.provider_id)
        first = self._feed.first
        return {
            "events": self._feed.sent,
            "leads": len(first),
            "lost": len(first.keys() - seen.keys()),
            "doubled": sum(len(each) - 1 for each in seen.values()),
            "two_winners": sum(len(set(each)) > 1 for each in seen.values()),
            "wrong": sum(first.get(lead) != each[0] for lead, each in seen.items()),
        }


class _Feed:
    """Keeps the provider whose acceptance came first in the log: of a lead, all are in one partition, in order."""

    def __init__(self, settings: Settings, app: AppSpec) -> None:
        self._codec = codec_of(settings, app.topology)
        self._topics = {source.topic.rpartition(".")[2]: source.topic for source in app.stanza.sources}
        self._producer: Any = clients.producer(settings, linger_ms=5)
        self._prefix, self.sent = settings.prefix, 0
        self.first: dict[str, str] = {}

    def send(self, topic: str, key: str, event: Any) -> None:
        if topic == "answers":
            self.first.setdefault(key, event.provider_id)
        logical = self._topics[topic]
        self._producer.produce(self._prefix + logical, self._codec.encode(logical, event), key)
        self._producer.poll(0)
        self.sent += 1

    def close(self) -> None:
        if self._producer.flush(30):
            raise RuntimeError("the cluster did not take every event")


def winners(settings: Settings, app: AppSpec) -> Iterator[LeadAccepted]:
    """Every committed output of the run."""
    codec, out = codec_of(settings, app.topology), f"{app.group}.out"
    for message in ground.committed(settings, (out,)):
        won = codec.decode(out, message.value(), ground.EPOCH)
        assert isinstance(won, LeadAccepted)
        yield won
