"""Rounds in turn: each lap a fresh process, warmed up and measured over one window between two commits."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from time import monotonic

from tests.bench import contestants, ground
from tests.bench.arena import Arena
from tests.bench.gauge import Outputs, Progress, cpu_s, rss_mb
from tests.bench.results import Round
from tests.bench.rows import ROWS
from tests.bench.turns import quietest, turns

_NEARLY = 0.93  # of the input: the window ends before it runs dry
_EVERYBODY = ("ours", "bare", "bare-headers", "faust", "faust-eos", "quix", "streams")
# Who runs in a row. The bare loop of `avro` also runs beside rows that the prototype's table compares with it.
RACES: Mapping[str, Sequence[str]] = {
    "no-op": ("ours", "bare", "bare avro"),
    "count-keys": ("ours", "bare", "bare avro"),
    "count-out": ("ours", "bare", "bare avro"),
    "new-key": ("ours", "bare", "bare avro"),
    "avro": ("ours", "bare", "bare-headers"),
    "w2": _EVERYBODY,
    "w3": _EVERYBODY,
}


def laps(row: str, arena: Arena, who: Sequence[str], rounds: int) -> Iterator[tuple[str, Round]]:
    """A lap at a time; one that others disturbed is run again, and the quietest of its tries counts."""
    entrants = [name for name in RACES[row] if name.partition(" ")[0] in who]
    yield from turns(entrants, rounds, partial(_quiet, arena, row))


def _quiet(arena: Arena, row: str, name: str) -> Round:
    contestant, _, other = name.partition(" ")
    trial = partial(_lap, arena, contestant, other or row)
    return trial() if arena.is_smoke else quietest(trial)


def _lap(arena: Arena, contestant: str, row: str) -> Round:
    """`cpu_us` is the process's CPU microseconds an event; `others` the cores that neither it nor the broker used."""
    run = arena.name(row, contestant)
    total, app = arena.lay_ready(row), ground.spec(ROWS[row], run)
    warm_s, window_s = (1.0, 2.0) if arena.is_smoke else (3.0, 4.5)
    ground.lay_out(arena.settings, app)
    progress, outputs, began = Progress(arena.settings, app), Outputs(arena.settings, app), monotonic()
    with arena.running(contestant, row, run) as process:
        first_s = outputs.first(progress, process) - began
        start = first = progress.next_commit(process.pid)
        while start.at - first.at < warm_s and start.events < total * 0.3:
            start = progress.next_commit(process.pid)
        end, broker_s = start, cpu_s(arena.kafka.pid)
        while end.at - start.at < window_s and end.events < total * _NEARLY:
            end = progress.next_commit(process.pid)
        broker_s = cpu_s(arena.kafka.pid) - broker_s
        events, seconds, cpu = end.events - start.events, end.at - start.at, end.cpu - start.cpu
        others = (end.machine - start.machine - cpu - broker_s) / seconds
        found = {"events_s": round(events / seconds), "cpu_us": round(cpu / events * 1e6, 2)}
        rss = round(rss_mb(process.pid), 1)
        return {**found, "rss_mb": rss, "first_s": round(first_s, 2), "others": round(others, 3)}


def wanted(row: str) -> set[str]:
    """The contestants of a race, without what they run in."""
    return {name.partition(" ")[0] for name in RACES[row]} & set(contestants.ALL)
