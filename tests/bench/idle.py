"""What waiting costs: every app of the shipped map in one process, and one app as its own `faust worker`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep

from streams.contracts.current import topology
from streams.contracts.settings import Settings, from_env
from streams.ops import schemas, topics
from tests.bench.arena import Arena
from tests.bench.gauge import cpu_s, rss_mb
from tests.bench.results import Round
from tests.worker import Worker, free_port

_TREE = Path(__file__).parents[2]
_SETTLE_S = 3.0
_SECRET = {"PARTNER_X_SECRET": "whsec_c2VjcmV0"}


def run(arena: Arena, who: Sequence[str], rounds: int) -> Iterator[tuple[str, Round]]:
    env = arena.env("idle", CROSSDOCK_PREFIX="idle.", CROSSDOCK_TOPOLOGY=str(_TREE / "topology.yaml"), **_SECRET)
    _lay_out(from_env(env))
    seconds = 4.0 if arena.is_smoke else 10.0
    apps = len(topology().stanzas)
    together = ["cli.py", "run", f"--metrics-port={free_port()}"]
    percent, mb = _idle(Worker(together, _TREE, env, arena.root / "together.log"), seconds)
    alone = ["-m", "faust", "-A", "streams.subscribers.notifications", "worker", f"--web-port={free_port()}"]
    alone_percent, alone_mb = _idle(Worker(alone, _TREE, env, arena.root / "alone.log"), seconds)
    yield "ours", {"apps": apps, "percent_an_app": round(percent / apps, 3), "rss_mb": round(mb, 1),
                   "alone_percent": round(alone_percent, 2), "alone_rss_mb": round(alone_mb, 1)}  # fmt: skip


def _lay_out(settings: Settings) -> None:
    topics.apply(settings, topology(), lambda *_: None)
    schemas.publish(settings, topology())


def _idle(worker: Worker, seconds: float) -> tuple[float, float]:
    """Percent of a core over that long, and MB."""
    try:
        worker.wait_ready()
        sleep(_SETTLE_S)
        began, used = monotonic(), cpu_s(worker.pid)
        sleep(seconds)
        return (cpu_s(worker.pid) - used) / (monotonic() - began) * 100, rss_mb(worker.pid)
    finally:
        worker.stop()
