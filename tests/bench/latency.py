"""Produce → read_committed of one react app at a low rate, ours beside the bare loop."""

import math
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Any

from confluent_kafka import TopicPartition

from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.codecs import codec_of
from streams.runtime.spec import AppSpec
from tests.bench import ground
from tests.bench.arena import Arena
from tests.bench.figures import Figure
from tests.bench.gauge import Progress
from tests.bench.inputs import Inputs
from tests.bench.rows import ROWS

ROW = "ping"
_ASKED_MS = (15.0, 50.0)  # p50 and p99 at 200/s, engine.md
_AFTER_S = 2.0


def run(arena: Arena, rate: int) -> Figure:
    """`rate` orders a second for some seconds; the asked values are those of 200/s."""
    seconds = 3 if arena.is_smoke else 10
    ours, bare = (_percentiles(_trial(arena, who, rate, seconds)) for who in ("ours", "bare"))
    is_met = None if rate != 200 else all(had <= asked for had, asked in zip(ours, _ASKED_MS, strict=True))
    asked = "" if is_met is None else f"p50 ≤ {_ASKED_MS[0]:.0f}, p99 ≤ {_ASKED_MS[1]:.0f} ms"
    detail = {"ours_p50_p99_ms": ours, "bare_p50_p99_ms": bare}
    return Figure(f"latency at {rate}/s", _said(ours), _said(bare), "", asked, is_met, detail)


def _trial(arena: Arena, contestant: str, rate: int, seconds: int) -> list[float]:
    run, settings = f"{ROW}-{contestant}-{rate}", arena.settings
    app = ground.spec(ROWS[ROW], run)
    ground.lay_out(settings, app)
    with arena.running(contestant, ROW, run) as process:
        outputs, inputs = _reader(settings, run), _Pings(settings, app)
        inputs.send()
        Progress(settings, app).next_commit(process.pid)
        sleep(_AFTER_S)
        outputs.consume(1000, 0)
        took = _measured(inputs, outputs, rate, rate * seconds)
        outputs.close()
        return took


def _measured(inputs: "_Pings", outputs: Any, rate: int, count: int) -> list[float]:
    """Milliseconds from `produce` to the committed output of the same order, one after another by the clock."""
    sent: dict[bytes, float] = {}
    took: list[float] = []
    began = monotonic()
    deadline = began + count / rate + 10
    while len(took) < count and monotonic() < deadline:
        if len(sent) < count and monotonic() >= began + len(sent) / rate:
            sent[inputs.send()] = monotonic()
        message = outputs.poll(0.0005)
        if message is not None and message.error() is None and message.key() in sent:
            took.append((monotonic() - sent[message.key()]) * 1000)
    if len(took) < count:
        raise TimeoutError(f"{count - len(took)} of {count} outputs did not come")
    return took


class _Pings:
    """Orders, one at a time; `send` returns the key that the output will have."""

    def __init__(self, settings: Settings, app: AppSpec) -> None:
        self._codec, self._topic = codec_of(settings, app.topology), app.stanza.sources[0].topic
        self._producer: Any = clients.producer(settings)
        self._orders = Inputs(None).of("w2", 1_000_000)

    def send(self) -> bytes:
        _, key, order = next(self._orders)
        self._producer.produce(self._topic, self._codec.encode(self._topic, order), key)
        self._producer.poll(0)
        return f"lead-{key}".encode()


def _reader(settings: Settings, run: str) -> Any:
    reader: Any = clients.reader(settings, auto_offset_reset="earliest")
    reader.assign([TopicPartition(f"{run}.out", p, 0) for p in range(ground.PARTITIONS)])
    return reader


def _percentiles(took: Sequence[float]) -> tuple[float, float]:
    known = sorted(took)
    return known[len(known) // 2], known[math.ceil(len(known) * 0.99) - 1]


def _said(found: tuple[float, float]) -> str:
    return f"p50 {found[0]:.1f}, p99 {found[1]:.1f} ms"
