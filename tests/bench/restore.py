"""200,000 keys of state: from the start of a process to its first new output, with the disk kept and with it wiped."""

from collections.abc import Iterator, Sequence
from functools import partial
from shutil import rmtree
from time import monotonic, sleep

from tests.bench import ground
from tests.bench.arena import Arena
from tests.bench.gauge import Outputs, Progress
from tests.bench.results import Round
from tests.bench.rows import ROWS
from tests.bench.turns import turns

ROW = "keys"
_LOAD_S, _LEAVE_S = 400.0, 90.0


def run(arena: Arena, who: Sequence[str], rounds: int) -> Iterator[tuple[str, Round]]:
    yield from turns(who, 1, partial(_trial, arena))


def _trial(arena: Arena, contestant: str) -> Round:
    arena.lay_ready(ROW)
    run = arena.name(ROW, contestant)
    app = ground.spec(ROWS[ROW], run)
    ground.lay_out(arena.settings, app)
    progress, found = Progress(arena.settings, app), {"keys": float(arena.laid(ROW)), "fresh_s": 0.0}
    found["fresh_s"], began = _first_output(arena, contestant, run), monotonic()
    for case in ("kept_s", "wiped_s"):
        while progress.members():  # the old session expired before
            if monotonic() - began > _LOAD_S + _LEAVE_S:
                raise TimeoutError(f"{run} does not leave its group")
            sleep(0.2)
        if case == "wiped_s":
            rmtree(arena.root / run / "state")
        arena.add(ROW, 100)
        found[case], began = _first_output(arena, contestant, run), monotonic()
    return found


def _first_output(arena: Arena, contestant: str, run: str) -> float:
    """Seconds; the process runs until all events are done."""
    app = ground.spec(ROWS[ROW], run)
    progress, outputs, began = Progress(arena.settings, app), Outputs(arena.settings, app), monotonic()
    with arena.running(contestant, ROW, run) as process:
        took = outputs.first(progress, process, 180) - began
        while progress.events() < arena.laid(ROW):
            progress.next_commit(process.pid)
    return round(took, 2)
