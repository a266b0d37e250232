"""Slow I/O: 10,000 deliveries of 0-5 ms over the 1,000 keys of one partition, timed from the first one."""

from collections.abc import Iterator, Sequence
from functools import partial
from time import monotonic, sleep

from tests.bench import ground
from tests.bench.arena import Arena
from tests.bench.results import Round
from tests.bench.rows import ROWS
from tests.bench.turns import turns

ROW, AT_ONCE = "slow", 500
_PATIENCE_S = 60.0


def run(arena: Arena, who: Sequence[str], rounds: int) -> Iterator[tuple[str, Round]]:
    yield from turns(who, rounds, partial(_trial, arena))


def _trial(arena: Arena, contestant: str) -> Round:
    total, run = arena.lay_ready(ROW), arena.name(ROW, contestant)
    ground.lay_out(arena.settings, ground.spec(ROWS[ROW], run))
    report, deadline = arena.root / run / "report", monotonic() + _PATIENCE_S
    with arena.running(contestant, ROW, run, total=total, at_once=AT_ONCE) as process:
        while not (report.exists() and report.read_text(encoding="utf-8")):
            if monotonic() > deadline or process.poll() is not None:
                raise TimeoutError(f"{run} did not deliver everything")
            sleep(0.02)
    seconds, is_ordered = report.read_text(encoding="utf-8").split()
    return {"took_s": round(float(seconds), 3), "ordered": float(is_ordered)}
