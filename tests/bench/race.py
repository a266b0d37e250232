"""One run of one contestant: started, warmed up, and measured over one window."""

import subprocess
import sys
from dataclasses import dataclass
from time import monotonic

from streams.contracts.settings import Settings
from tests.bench import ground
from tests.bench.gauge import Progress, cpu_s, rss_mb
from tests.bench.rows import ROWS

_NEARLY = 0.93  # of the input: the window ends before it runs dry


@dataclass(frozen=True, slots=True)
class Lap:
    """`cpu_us` is CPU microseconds an event of the contestant's process; `others` the cores that strangers used."""

    contestant: str
    events_s: float
    cpu_us: float
    rss_mb: float
    first_s: float
    others: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of warm-up after the first commit and of the window, and how many rounds are run."""

    warm_s: float
    window_s: float
    rounds: int


def run(settings: Settings, contestant: str, row: str, run: str, pace: Pace, total: int, broker: int) -> Lap:
    """`total` events lie ready; `broker` is the broker's process."""
    app = ground.spec(ROWS[row], run)
    ground.lay_out(settings, app)
    began = monotonic()
    process = subprocess.Popen([sys.executable, "-m", f"tests.bench.{contestant}", row, run])
    try:
        progress = Progress(settings, app)
        first = progress.next_commit(process.pid)
        start = first
        while start.at - first.at < pace.warm_s and start.events < total * 0.3:
            start = progress.next_commit(process.pid)
        broker_s = cpu_s(broker)
        end = start
        while end.at - start.at < pace.window_s and end.events < total * _NEARLY:
            end = progress.next_commit(process.pid)
        events, seconds, cpu = end.events - start.events, end.at - start.at, end.cpu - start.cpu
        others = (end.machine - start.machine - cpu - cpu_s(broker) + broker_s) / seconds
        return Lap(contestant, events / seconds, cpu / events * 1e6, rss_mb(process.pid), first.at - began, others)
    finally:
        process.terminate()
        process.wait(20)
