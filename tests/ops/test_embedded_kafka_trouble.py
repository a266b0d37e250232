"""What the embedded Kafka says and does when something is in the way."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.ops.kafka import EmbeddedKafkaError, down, status, up
from streams.ops.kafka.jars import cache_directory, ensure_jars

DEADLINE_SECONDS = 30


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "home"
    yield place
    down(place, patience_seconds=0)


def test_a_broker_killed_from_outside_is_not_running_and_up_starts_it_anew(home: Path) -> None:
    first = up(home, port=0)
    os.kill(first.pid, signal.SIGKILL)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while status(home):
        assert time.monotonic() < deadline
    second = up(home, port=first.port)
    assert not second.was_running
    assert second.pid != first.pid


def test_a_pid_file_that_names_someone_elses_process_is_not_believed(home: Path) -> None:
    up(home, port=0)
    down(home)
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (home / "kafka" / "pid").write_text(str(bystander.pid))
        (home / "kafka" / "port").write_text("9092")
        assert status(home) is None
        assert not down(home)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.communicate()


def test_a_taken_port_is_named_with_who_has_it(home: Path, broker: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(EmbeddedKafkaError, match=f"port {port} is taken by another process"):
            up(home, port=port)
    with pytest.raises(EmbeddedKafkaError, match="is taken by another Kafka broker"):
        up(home, port=int(broker.rpartition(":")[2]))
    with pytest.raises(EmbeddedKafkaError, match="70000 is not a port"):
        up(home, port=70_000)


def test_a_broker_that_dies_while_it_starts_shows_its_last_words(home: Path) -> None:
    with pytest.raises(EmbeddedKafkaError, match=r"(?s)ended while it started.*Invalid value many for configuration"):
        up(home, port=0, extra={"num.io.threads": "many"})
    assert status(home) is None


def test_a_broker_that_is_not_ready_in_time_is_ended(home: Path) -> None:
    with pytest.raises(EmbeddedKafkaError, match=r"not ready within 0\.05 s"):
        up(home, port=0, ready_seconds=0.05)
    assert status(home) is None


def test_a_home_whose_path_kafka_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedKafkaError, match="path with a comma"):
        up(tmp_path / "a,b", port=0)


def test_a_damaged_class_archive_costs_time_but_no_start(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jars = ensure_jars(lambda step, done, total: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache_directory().mkdir(parents=True)
    for jar in jars:
        shutil.copy2(jar, cache_directory())
    up(home, port=0)
    down(home)
    archives = sorted(cache_directory().glob("classes-*.jsa"))
    assert len(archives) == 2
    for archive in archives:
        archive.write_bytes(archive.read_bytes()[:1_000_000] + b"damaged")
    assert up(home, port=0).is_ready
