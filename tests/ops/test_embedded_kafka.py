"""The embedded Kafka as a user meets it: up, down, status, and what survives."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.ops.kafka import EmbeddedKafkaError, down, status, up
from tests.kafka_server import KafkaServer

REPOSITORY = Path(__file__).parents[2]
DEADLINE_SECONDS = 30


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "a home with spaces and ümlauts"
    yield place
    down(place, patience_seconds=0)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def exists(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def write(bootstrap: str, value: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    if "diary" not in admin.list_topics(timeout=10).topics:
        admin.create_topics([NewTopic("diary", 1, 1)])["diary"].result(10)
    own = {"transactional.id": "writer", "transaction.timeout.ms": 10_000}
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0, **own})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce("diary", value.encode())
    producer.commit_transaction(10)


def read(bootstrap: str, count: int, **own: str) -> list[str]:
    settings = {"bootstrap.servers": bootstrap, "group.id": "reader", "auto.offset.reset": "earliest", "log_level": 0}
    consumer = Consumer({**settings, "enable.auto.commit": False, **own})
    consumer.subscribe(["diary"])
    values: list[str] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(values) < count and time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message and not message.error():
            values.append((message.value() or b"").decode())
    consumer.close()
    return values


def test_up_returns_when_the_broker_answers_and_status_tells_where(home: Path) -> None:
    assert status(home) is None
    started = up(home, port=0)
    write(started.bootstrap, "hello")
    seen = status(home)
    assert seen
    assert seen.is_ready
    assert (seen.pid, seen.port) == (started.pid, started.port)
    assert not started.was_running


def test_a_second_up_leaves_the_running_broker_as_it_is_and_says_so(home: Path) -> None:
    first = up(home, port=0)
    second = up(home)
    assert second.was_running
    assert (second.pid, second.port) == (first.pid, first.port)
    with pytest.raises(EmbeddedKafkaError, match=f"already runs on port {first.port}"):
        up(home, port=first.port + 1)


def test_down_ends_the_process_and_twice_is_harmless(home: Path) -> None:
    pid = up(home, port=0).pid
    assert down(home)
    assert not exists(pid)
    assert status(home) is None
    assert not down(home)


def test_down_of_a_home_that_never_was_makes_no_directory(home: Path) -> None:
    assert not down(home)
    assert status(home) is None
    assert not home.exists()


def test_a_stuck_broker_is_killed_when_the_patience_is_over(home: Path) -> None:
    pid = up(home, port=0).pid
    os.kill(pid, signal.SIGSTOP)
    assert down(home, patience_seconds=0.2)
    assert not exists(pid)


def test_data_survives_down_and_kill_9() -> None:
    with KafkaServer() as kafka:
        write(kafka.bootstrap, "before")
        kafka.stop()
        kafka.start()
        write(kafka.bootstrap, "between")
        kafka.kill()
        kafka.start()
        write(kafka.bootstrap, "after")
        assert read(kafka.bootstrap, 3) == ["before", "between", "after"]


def test_a_frozen_broker_goes_on_after_the_thaw() -> None:
    with KafkaServer() as kafka:
        kafka.freeze()
        frozen = status(kafka.home)
        assert frozen
        assert not frozen.is_ready
        kafka.thaw()
        write(kafka.bootstrap, "thawed")
        assert read(kafka.bootstrap, 1) == ["thawed"]


def test_new_style_consumer_groups_work(broker: str) -> None:
    write(broker, "to everyone")
    assert read(broker, 1, **{"group.protocol": "consumer", "group.id": "new-style"}) == ["to everyone"]


def test_two_ups_at_once_make_one_broker(home: Path) -> None:
    code = "import sys; from pathlib import Path; from streams.ops.kafka import up; print(up(Path(sys.argv[1]), 0).pid)"
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(home)], cwd=REPOSITORY, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    pids = {int(one.communicate(timeout=DEADLINE_SECONDS)[0]) for one in both}
    assert len(pids) == 1


def test_the_broker_outlives_its_caller_and_holds_none_of_its_descriptors(home: Path) -> None:
    code = "import sys; from pathlib import Path; from streams.ops.kafka import up; up(Path(sys.argv[1]), 0)"
    reading, writing = os.pipe()
    caller = subprocess.Popen([sys.executable, "-c", code, str(home)], cwd=REPOSITORY, pass_fds=[writing])
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert caller.wait(DEADLINE_SECONDS) == 0
        assert pipe.read() == b""  # returns only when nobody holds the writing end
    seen = status(home)
    assert seen
    assert seen.is_ready


def test_a_test_run_that_is_killed_leaves_no_broker() -> None:
    code = """
import os
from tests.kafka_server import KafkaServer
with KafkaServer() as kafka:
    print(kafka.pid, kafka.home, flush=True)
    os.kill(os.getpid(), 9)
"""
    command = [sys.executable, "-c", code]
    killed = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    pid, place = killed.stdout.split()
    until(lambda: not exists(int(pid)) and not Path(place).exists())
