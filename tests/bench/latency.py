"""Produce → read_committed at a low rate: one react app (`ping`), and the acceptances of the lead saga (`w3`)."""

import math
import os
from collections.abc import Iterator, Sequence
from functools import partial
from time import monotonic, sleep
from typing import Any

from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.codecs import codec_of
from streams.runtime.spec import AppSpec
from tests.bench import ground
from tests.bench.arena import Arena
from tests.bench.gauge import Outputs, Progress, cpu_s, machine_s
from tests.bench.inputs import Laid
from tests.bench.results import Round
from tests.bench.rows import ROWS
from tests.bench.turns import quietest, turns

_PATIENCE_S = 30.0
_SEEN_S = 0.0005


def at(row: str, rate: int, arena: Arena, who: Sequence[str], rounds: int) -> Iterator[tuple[str, Round]]:
    """`rate` events a second of `row` for some seconds, the first three of them not counted."""
    seconds = 3 if arena.is_smoke else 12
    trial = partial(_trial, arena, row, rate, seconds)
    yield from turns(who, rounds, trial if arena.is_smoke else lambda name: quietest(partial(trial, name)))


def _trial(arena: Arena, row: str, rate: int, seconds: int, contestant: str) -> Round:
    run = arena.name(f"{row}-at-{rate}", contestant)
    app = ground.spec(ROWS[row], run, run)
    ground.lay_out(arena.settings, app)
    feed = _Feed(arena.settings, app, arena.inputs.of(row, (seconds + 4) * rate))
    outputs, progress = Outputs(arena.settings, app), Progress(arena.settings, app)
    with arena.running(contestant, row, run, source=run) as process:
        while process.poll() is None and progress.events() == 0:  # it is there
            feed.send()
            sleep(0.05)
        _paced(feed, outputs, rate, 3 * rate)
        used = _used(arena, process.pid)
        took = _paced(feed, outputs, rate, seconds * rate)
        spent = [after - before for before, after in zip(used, _used(arena, process.pid), strict=True)]
        outputs.reader.close()
    seconds_s, machine, cpu, broker, bench = spent
    found = {"p50_ms": _at(took, 0.5), "p99_ms": _at(took, 0.99), "outputs": len(took)}
    others = (machine - cpu - broker - bench) / seconds_s
    return {**found, "cpu_percent": round(cpu / seconds_s * 100, 1), "others": round(others, 3)}


def _used(arena: Arena, pid: int) -> tuple[float, ...]:
    """Seconds so far: of the clock, of all cores, of the contestant, the broker and this process."""
    return monotonic(), machine_s(), cpu_s(pid), cpu_s(arena.kafka.pid), cpu_s(os.getpid())


def _paced(feed: "_Feed", outputs: Outputs, rate: int, count: int) -> list[float]:
    """Milliseconds from `produce` to the committed output of each event that must have one."""
    took: list[float] = []
    done, began = 0, monotonic()
    deadline = began + count / rate + _PATIENCE_S
    while (done < count or feed.awaited) and monotonic() < deadline:
        if done < count and monotonic() >= began + done / rate:
            feed.send()
            done += 1
        message = outputs.reader.poll(_SEEN_S)
        if message is not None and message.error() is None and message.key() in feed.awaited:
            took.append((monotonic() - feed.awaited.pop(message.key())) * 1000)
    if feed.awaited:
        raise TimeoutError(f"{len(feed.awaited)} outputs did not come")
    return took


class _Feed:
    """Events one at a time; `awaited` has when each was sent whose output has this key."""

    def __init__(self, settings: Settings, app: AppSpec, events: Iterator[Laid]) -> None:
        codec = codec_of(settings, app.topology)
        logical = {source.topic.rpartition(".")[2]: source.topic for source in app.stanza.sources}
        self._encoded = {short: partial(codec.encode, topic) for short, topic in logical.items()}
        self._topics = {short: settings.prefix + topic for short, topic in logical.items()}
        self._producer: Any = clients.producer(settings)
        self._events, self._won = events, set[str]()
        self.awaited: dict[bytes, float] = {}

    def send(self) -> None:
        topic, key, event = next(self._events)
        if "answers" not in self._topics:
            self.awaited[f"lead-{key}".encode()] = monotonic()
        elif topic == "answers" and key not in self._won:
            self._won.add(key)
            self.awaited[key.encode()] = monotonic()
        self._producer.produce(self._topics[topic], self._encoded[topic](event), key)
        self._producer.poll(0)


def _at(took: Sequence[float], share: float) -> float:
    known = sorted(took)
    return round(known[max(math.ceil(len(known) * share) - 1, 0)], 1)
