"""Up, down and status of the one embedded broker of a home."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from streams.ops.kafka import process
from streams.ops.kafka.errors import EmbeddedKafkaError, disk_trouble_explained
from streams.ops.kafka.jars import Progress, ensure_jars, locked
from streams.ops.kafka.java import Archive
from streams.ops.kafka.launch import Wish, launch
from streams.ops.kafka.place import Place, read_number
from streams.ops.kafka.probe import HOST, answering_cluster
from streams.ops.kafka.storage import cluster_id, is_formatted

DEFAULT_PORT = 9092
READY_SECONDS = 60.0


@dataclass(frozen=True)
class Broker:
    """A broker's process as it was when asked."""

    pid: int
    port: int
    data: Path
    log: Path
    is_ready: bool
    was_running: bool

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"


def up(
    home: Path,
    port: int | None = None,
    progress: Progress = lambda step, done, total: None,
    extra: Mapping[str, str] | None = None,
    ready_seconds: float = READY_SECONDS,
) -> Broker:
    """Returns when the broker answers a metadata request; one that runs already is left as it is.

    `port` None is 9092 (or wherever it runs), 0 any free port; `extra` are broker properties.
    Raises EmbeddedKafkaError.
    """
    place = Place.under(home)
    with disk_trouble_explained(place.root, "choose another home"), locked(place.lock):
        running = _running(place)
        if running and (joined := _joined(running, place, port, ready_seconds)):
            return joined
        jars = ensure_jars(progress)
        wish = Wish(DEFAULT_PORT if port is None else port, extra or {}, ready_seconds)
        pid, bound = launch(place, jars, wish, progress)
        return Broker(pid, bound, place.data, place.log, is_ready=True, was_running=False)


def down(home: Path, patience_seconds: float = 20.0) -> bool:
    """Ends the broker: SIGTERM, and SIGKILL after `patience_seconds`; the data stays. False: there was none."""
    place = Place.under(home)
    if not place.root.is_dir():
        return False
    with disk_trouble_explained(place.root, "choose another home"), locked(place.lock):
        running = _running(place)
        if running and process.end(running.pid, place.marker, patience_seconds):
            _keep_classes(place)
        place.new_archive.unlink(missing_ok=True)
        place.pid_file.unlink(missing_ok=True)
        place.port_file.unlink(missing_ok=True)
        return running is not None


def status(home: Path) -> Broker | None:
    """None: no broker of this home runs. Never waits for `up` or `down`."""
    return _running(Place.under(home))


def _running(place: Place) -> Broker | None:
    pid, port = read_number(place.pid_file), read_number(place.port_file)
    if pid is None or port is None or not process.is_alive(pid, place.marker):
        return None
    return Broker(pid, port, place.data, place.log, _is_ready(place, port), was_running=True)


def _joined(running: Broker, place: Place, port: int | None, ready_seconds: float) -> Broker | None:
    """The running broker when it is ready; None when it ended meanwhile."""
    if port not in (None, 0, running.port):
        raise EmbeddedKafkaError(
            f"the broker of {place.root.parent} already runs on port {running.port}, not {port}; take it down first"
        )
    deadline = time.monotonic() + ready_seconds
    while not _is_ready(place, running.port):
        if not process.is_alive(running.pid, place.marker):
            return None
        if time.monotonic() > deadline:
            raise EmbeddedKafkaError(
                f"the broker runs (process {running.pid}) but does not answer; take it down and up, see {place.log}"
            )
        time.sleep(0.05)
    return replace(running, is_ready=True)


def _is_ready(place: Place, port: int) -> bool:
    return is_formatted(place) and answering_cluster(port, timeout=1.0) == cluster_id(place)


def _keep_classes(place: Place) -> None:
    """The archive only saves time: whatever hinders it must not hinder `down`."""
    try:
        Archive(ensure_jars(lambda step, done, total: None)).adopt(place)
    except (OSError, EmbeddedKafkaError):
        return
