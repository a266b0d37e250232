"""Exactly once under kill -9: every event is counted once, by state and by output, whatever is killed when."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from shutil import rmtree
from time import monotonic, sleep
from typing import Any

from streams.contracts import names as derived
from streams.contracts.settings import Settings
from streams.runtime.codecs import codec_of
from streams.runtime.spec import AppSpec
from tests.bench import ground
from tests.bench.arena import Arena, end
from tests.bench.gauge import Process, Progress
from tests.bench.results import Round
from tests.bench.rows import ROWS

ROW = "count"
_STALLED_S = 60.0


def run(arena: Arena, who: Sequence[str], rounds: int) -> Iterator[tuple[str, Round]]:
    for _ in range(rounds):
        yield "ours", _trial(arena)


def _trial(arena: Arena) -> Round:
    """Two workers, each killed in turn and started again at once; in the middle one of them loses its disk."""
    kills, run = 3 if arena.is_smoke else 15, arena.name(ROW, "ours")
    total, settings, app = arena.lay_ready(ROW), arena.settings, ground.spec(ROWS[ROW], run)
    ground.lay_out(settings, app)
    began, progress = monotonic(), Progress(settings, app)
    pair = _Pair(arena, run)
    try:
        for number in range(kills):
            _await(progress, total * (number + 1) // (kills + 2))
            pair.kill(number, is_wiped=number == kills // 2)
        _await(progress, total)
        took_s = monotonic() - began
    finally:
        pair.stop()
    return {**_seen(settings, app), "total": total, "kills": kills, "s": round(took_s, 1)}


class _Pair:
    """Two workers with homes of their own."""

    def __init__(self, arena: Arena, run: str) -> None:
        self._arena, self._run = arena, run
        self._homes = [f"{run}-one", f"{run}-two"]
        self._workers = [self._start(home) for home in self._homes]

    def _start(self, home: str) -> Process:
        return self._arena.start("ours", ROW, self._run, home)

    def kill(self, number: int, *, is_wiped: bool) -> None:
        which = number % len(self._workers)
        sleep(Random(number).random() / 10)  # anywhere in a transaction
        self._workers[which].kill()
        self._workers[which].wait()
        if is_wiped:
            rmtree(self._arena.root / self._homes[which] / "state")
        self._workers[which] = self._start(self._homes[which])

    def stop(self) -> None:
        for worker in self._workers:
            end(worker)


def _await(progress: Progress, events: int) -> None:
    at, since = progress.events(), monotonic()
    while at < events:
        sleep(0.02)
        before, at = at, progress.events()
        if at > before:
            since = monotonic()
        if monotonic() - since > _STALLED_S:
            raise TimeoutError(f"stuck at {at:,} of {events:,} events")


def _seen(settings: Settings, app: AppSpec) -> dict[str, int]:
    """As a read_committed reader has them: the sum of the counts in the changelog; outputs, and different ones."""
    log, out = derived.changelog(app.group), f"{app.group}.out"
    assert app.state is not None
    codec = codec_of(settings, app.topology, {log: app.state})
    counts: dict[bytes, int] = {}
    outputs: Counter[tuple[bytes, int]] = Counter()
    for message in ground.committed(settings, (log, out)):
        known: Any = codec.decode(message.topic(), message.value(), ground.EPOCH)
        if message.topic() == log:
            counts[message.key()] = known.count
        else:
            outputs[message.key(), known.total_cents] += 1
    return {"counted": sum(counts.values()), "outputs": outputs.total(), "distinct": len(outputs)}
