"""One broker from nothing to ready, or the reason why not."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.ops.kafka import process
from streams.ops.kafka.errors import EmbeddedKafkaError
from streams.ops.kafka.jars import Progress
from streams.ops.kafka.java import Archive, broker_command
from streams.ops.kafka.place import Place, last_lines
from streams.ops.kafka.probe import answering_cluster, free_port, has_coordinators, require_free
from streams.ops.kafka.properties import as_java, server_properties
from streams.ops.kafka.storage import cluster_id, format_once, is_formatted

_TRIES = 3
_WARM_SECONDS = 5.0
_REASONS = {
    "No space left on device": "the disk is full: free some space and try again",
    "Failed to acquire lock on file .lock": "another broker uses its data: end that one, or choose another home",
    "OutOfMemoryError": "it ran out of memory: close other programs and try again",
}


class _Died(EmbeddedKafkaError):
    """The broker ended before it was ready; another try may do better."""


@dataclass(frozen=True)
class Wish:
    """What the caller asked for; port 0 is any free one."""

    port: int
    extra: Mapping[str, str]
    ready_seconds: float


def launch(place: Place, jars: Sequence[Path], wish: Wish, progress: Progress) -> tuple[int, int]:
    """The process id and the port."""
    archive, archive_is_suspect = Archive(jars), False
    for tries_left in reversed(range(_TRIES)):
        bound = wish.port or free_port()
        require_free(bound)
        _prepare(place, jars, server_properties(place.data, bound, free_port(), wish.extra), progress)
        progress("start", 0, 1)
        flags = [] if archive_is_suspect else archive.flags(place)
        try:
            pid = _start(place, broker_command(jars, flags, place), bound, wish.ready_seconds)
        except _Died:
            lost_a_port = "Address already in use" in last_lines(place.log, 200)
            if not tries_left or not (flags or lost_a_port):
                raise
            archive_is_suspect = archive_is_suspect or not lost_a_port
        else:
            if archive_is_suspect:
                archive.forget()
            progress("start", 1, 1)
            return pid, bound
    raise AssertionError("the last try raises")


def _prepare(place: Place, jars: Sequence[Path], properties: Mapping[str, str], progress: Progress) -> None:
    place.properties.write_text(as_java(properties))
    if not is_formatted(place):
        progress("format", 0, 1)
        format_once(place, jars)
        progress("format", 1, 1)


def _start(place: Place, command: Sequence[str], port: int, ready_seconds: float) -> int:
    if place.log.exists():
        place.log.replace(place.previous_log)
    place.port_file.write_text(f"{port}\n")
    pid = process.spawn(command, place.root, place.log)
    try:
        place.pid_file.write_text(f"{pid}\n")
        _wait_until_ready(place, pid, port, ready_seconds)
    except BaseException:
        process.end(pid, place.marker, patience_seconds=0)
        place.pid_file.unlink(missing_ok=True)
        raise
    return pid


def _wait_until_ready(place: Place, pid: int, port: int, ready_seconds: float) -> None:
    deadline = time.monotonic() + ready_seconds
    while answering_cluster(port, timeout=1.0) != cluster_id(place):
        if not process.is_alive(pid, place.marker):
            raise _Died(_with_log(f"the broker ended while it started{_reason(place)}", place))
        if time.monotonic() > deadline:
            raise EmbeddedKafkaError(_with_log(f"the broker was not ready within {ready_seconds:g} s", place))
        time.sleep(0.02)
    # The first group of a new broker would wait 3 s for what is done here in a fraction of one.
    warm = time.monotonic() + _WARM_SECONDS
    while not has_coordinators(port, timeout=1.0) and time.monotonic() < warm:
        time.sleep(0.02)


def _reason(place: Place) -> str:
    log = last_lines(place.log, 200)
    return next((f": {meaning}" for sign, meaning in _REASONS.items() if sign in log), "")


def _with_log(message: str, place: Place) -> str:
    return f"{message}; the end of {place.log} says:\n{last_lines(place.log) or '(nothing)'}"
