"""Where our time goes in a row: samples of the engine's thread, by module and function."""

import json
from collections.abc import Iterator, Sequence

from tests.bench import ground
from tests.bench.arena import Arena
from tests.bench.gauge import Progress
from tests.bench.results import Round
from tests.bench.rows import ROWS

_LEAST = 0.005  # of all samples


def of(row: str, arena: Arena, who: Sequence[str], rounds: int) -> Iterator[tuple[str, Round]]:
    """Shares of the samples; all of the row's events are worked through."""
    total, run = arena.lay_ready(row), arena.name(f"{row}-profile", "ours")
    app = ground.spec(ROWS[row], run)
    ground.lay_out(arena.settings, app)
    progress = Progress(arena.settings, app)
    with arena.running("ours", row, run, profile=1) as process:
        while progress.events() < total * 0.97:
            progress.next_commit(process.pid)
    seen = json.loads((arena.root / run / "report").read_text(encoding="utf-8"))
    samples = sum(seen.values())
    yield "ours", {place: round(n / samples, 4) for place, n in seen.items() if n > samples * _LEAST}
