"""Ours beside the bare loop: rounds in turn, each a fresh process warmed up and measured over one window."""

from dataclasses import dataclass
from time import monotonic

from tests.bench import ground
from tests.bench.arena import Arena
from tests.bench.figures import Figure, Spread
from tests.bench.gauge import Progress, cpu_s, rss_mb
from tests.bench.rows import ROWS

_NEARLY = 0.93  # of the input: the window ends before it runs dry


@dataclass(frozen=True, slots=True)
class Race:
    """Rows of ours and of the bare loop; `asked` is the least ratio of their events/s."""

    name: str
    ours: str
    bare: str
    asked: float
    said: str


# Of the prototype (engine.md): 452,000 events/s as a no-op function, 99,600 with every key new; its bare loop 48,000.
_PROTOTYPE = "60 % of the prototype's"
RACES = (
    Race("no-op (two strings decoded) / bare Avro in, Avro out", "no-op", "avro", 0.6 * 452 / 48, _PROTOTYPE),
    Race("every key new (get, put, log) / the same", "new-key", "avro", 0.6 * 99.6 / 48, _PROTOTYPE),
    Race("W2 decode, rule, encode", "w2", "w2", 0.8, "80 % of the bare loop"),
    Race("W3 lead saga", "w3", "w3", 0.8, "80 % of the bare loop"),
)


@dataclass(frozen=True, slots=True)
class Lap:
    """`cpu_us` is the process's CPU microseconds an event; `others` the cores that neither it nor the broker used."""

    events_s: float
    cpu_us: float
    rss_mb: float
    first_s: float
    others: float


def run(arena: Arena, race: Race) -> Figure:
    rounds = 1 if arena.is_smoke else 3
    ours, bare = [], []
    for number in range(rounds):
        ours.append(_lap(arena, "ours", race.ours, f"{race.ours}-ours-{number}-{race.bare}"))
        bare.append(_lap(arena, "bare", race.bare, f"{race.bare}-bare-{number}-{race.ours}"))
    speeds = Spread.of(lap.events_s for lap in ours), Spread.of(lap.events_s for lap in bare)
    costs = Spread.of(lap.cpu_us for lap in ours), Spread.of(lap.cpu_us for lap in bare)
    ratio = speeds[0].median / speeds[1].median
    return Figure(
        race.name, f"{_said(*speeds[:1], costs[0])}, {max(lap.rss_mb for lap in ours):.0f} MB",
        _said(speeds[1], costs[1]), f"{ratio:.2f} (CPU {costs[1].median / costs[0].median:.2f})",
        f"≥ {race.asked:.2f}: {race.said}", ratio >= race.asked,
        {"ours": [_fields(lap) for lap in ours], "bare": [_fields(lap) for lap in bare]},
    )  # fmt: skip


def _said(speed: Spread, cost: Spread) -> str:
    return f"{speed:,.0f} /s, {cost:.1f} µs"


def _fields(lap: Lap) -> dict[str, float]:
    return {name: round(getattr(lap, name), 2) for name in Lap.__slots__}


def _lap(arena: Arena, contestant: str, row: str, run: str) -> Lap:
    total, app = arena.lay_ready(row), ground.spec(ROWS[row], run)
    warm_s, window_s = (1.0, 2.0) if arena.is_smoke else (2.0, 4.5)
    ground.lay_out(arena.settings, app)
    progress, began = Progress(arena.settings, app), monotonic()
    with arena.running(contestant, row, run) as process:
        start = first = progress.next_commit(process.pid)
        while start.at - first.at < warm_s and start.events < total * 0.3:
            start = progress.next_commit(process.pid)
        end, broker_s = start, cpu_s(arena.kafka.pid)
        while end.at - start.at < window_s and end.events < total * _NEARLY:
            end = progress.next_commit(process.pid)
        broker_s = cpu_s(arena.kafka.pid) - broker_s
        events, seconds, cpu = end.events - start.events, end.at - start.at, end.cpu - start.cpu
        others = (end.machine - start.machine - cpu - broker_s) / seconds
        return Lap(events / seconds, cpu / events * 1e6, rss_mb(process.pid), first.at - began, others)
