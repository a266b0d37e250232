"""Exactly once under kill -9: every event is counted once, by state and by output, whatever is killed when."""

from collections import Counter
from random import Random
from shutil import rmtree
from time import monotonic, sleep
from typing import Any

from confluent_kafka import TopicPartition

from streams.contracts import names as derived
from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.codecs import codec_of
from tests.bench import ground
from tests.bench.arena import Arena, Process
from tests.bench.figures import Figure
from tests.bench.gauge import Progress
from tests.bench.rows import ROWS

ROW = RUN = "count"
_HOMES = ("count-one", "count-two")
_STALLED_S = 60.0


def run(arena: Arena) -> Figure:
    """Two workers, each killed in turn and started again at once; in the middle one of them loses its disk."""
    kills = 3 if arena.is_smoke else 15
    total, settings, app = arena.lay_ready(ROW), arena.settings, ground.spec(ROWS[ROW], RUN)
    ground.lay_out(settings, app)
    began, progress = monotonic(), Progress(settings, app)
    workers = [arena.start("ours", ROW, RUN, home) for home in _HOMES]
    try:
        for number in range(kills):
            _await(progress, total * (number + 1) // (kills + 2))
            _kill(arena, workers, number, is_wiped=number == kills // 2)
        _await(progress, total)
        took_s = monotonic() - began
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait(20)
    seen = _seen(settings)
    is_exact = seen == {"counted": total, "outputs": total, "distinct": total}
    said = ", ".join(f"{name} {count:,}" for name, count in seen.items())
    row = f"{total:,} events, {kills} kill -9, one disk lost"
    return Figure(row, f"{said} in {took_s:.0f} s", "", "", "exact", is_exact, {**seen, "total": total, "s": took_s})


def _kill(arena: Arena, workers: list[Process], number: int, *, is_wiped: bool) -> None:
    which = number % len(workers)
    sleep(Random(number).random() / 10)  # anywhere in a transaction
    workers[which].kill()
    workers[which].wait()
    if is_wiped:
        rmtree(arena.root / _HOMES[which] / "state")
    workers[which] = arena.start("ours", ROW, RUN, _HOMES[which])


def _await(progress: Progress, events: int) -> None:
    at, since = progress.events(), monotonic()
    while at < events:
        sleep(0.02)
        before, at = at, progress.events()
        if at > before:
            since = monotonic()
        if monotonic() - since > _STALLED_S:
            raise TimeoutError(f"stuck at {at:,} of {events:,} events")


def _seen(settings: Settings) -> dict[str, int]:
    """As a read_committed reader has them: the sum of the counts in the changelog; outputs, and different ones."""
    app, log = ground.spec(ROWS[ROW], RUN), derived.changelog(RUN)
    assert app.state is not None
    codec, out = codec_of(settings, app.topology, {log: app.state}), f"{RUN}.out"
    counts: dict[bytes, int] = {}
    outputs: Counter[tuple[bytes, int]] = Counter()
    for message in _committed(settings, (log, out)):
        known: Any = codec.decode(message.topic(), message.value(), ground.EPOCH)
        if message.topic() == log:
            counts[message.key()] = known.count
        else:
            outputs[message.key(), known.total_cents] += 1
    return {"counted": sum(counts.values()), "outputs": outputs.total(), "distinct": len(outputs)}


def _committed(settings: Settings, topics: tuple[str, ...]) -> list[Any]:
    reader: Any = clients.reader(settings, auto_offset_reset="earliest")
    left = {(topic, p) for topic in topics for p in range(ground.PARTITIONS)}
    reader.assign([TopicPartition(topic, p, 0) for topic, p in left])
    found = []
    while left:
        for message in reader.consume(10_000, 0.2):
            if message.error() is None:
                found.append(message)
            else:
                left.discard((message.topic(), message.partition()))
    reader.close()
    return found
