"""From the start of a process to its first commit: with nothing to restore, with the disk kept, and with it wiped."""

from shutil import rmtree
from time import monotonic, sleep

from tests.bench import ground
from tests.bench.arena import Arena
from tests.bench.figures import Figure
from tests.bench.gauge import Progress
from tests.bench.rows import ROWS

ROW = RUN = "keys"
_EXPIRED_S = 7.0  # the session of the process before
_ASKED_S = {"fresh": 2.0, "disk kept": 3.0, "disk wiped": 5.0}


def run(arena: Arena) -> list[Figure]:
    total = arena.lay_ready(ROW)
    ground.lay_out(arena.settings, ground.spec(ROWS[ROW], RUN))
    took = {"fresh": _first_commit(arena, total)}
    for case in ("disk kept", "disk wiped"):
        sleep(_EXPIRED_S)
        if case == "disk wiped":
            rmtree(arena.root / RUN / "state")
        total += arena.add(ROW, 100)
        took[case] = _first_commit(arena, total)
    return [_figure(case, seconds, total) for case, seconds in took.items()]


def _figure(case: str, seconds: float, keys: int) -> Figure:
    row = "start → first commit" if case == "fresh" else f"the same with {keys:,} keys, {case}"
    asked = _ASKED_S[case]
    return Figure(row, f"{seconds:.1f} s", "", "", f"≤ {asked:g} s", seconds <= asked, {"s": seconds})


def _first_commit(arena: Arena, total: int) -> float:
    """Runs a worker until all events are done."""
    progress, began = Progress(arena.settings, ground.spec(ROWS[ROW], RUN)), monotonic()
    with arena.running("ours", ROW, RUN) as process:
        first = progress.next_commit(process.pid)
        while progress.events() < total:
            progress.next_commit(process.pid)
    return first.at - began
