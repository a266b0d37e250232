"""The download of the broker's jars, from a real HTTP server that may be wrong, slow or broken."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from streams.ops.kafka import EmbeddedKafkaError
from streams.ops.kafka.jars import cache_directory, ensure_jars, pinned_jars

REPOSITORY = Path(__file__).parents[2]
JARS = {f"/{jar.path}": jar for jar in pinned_jars()}


class Mirror(ThreadingHTTPServer):
    """A Maven repository with the true jars, and with faults: path → what goes wrong, once per entry."""

    daemon_threads = True

    def __init__(self, source: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.source = source
        self.asked: Counter[str] = Counter()
        self.accounts: set[str | None] = set()
        self.faults: dict[str, list[str]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        self.server.accounts.add(self.headers["Authorization"])
        fault = (self.server.faults.get(self.path) or [""]).pop(0)
        if fault.isdigit():
            self.send_error(int(fault))
            return
        body = (self.server.source / JARS[self.path].file_name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write({"wrong": b"?" * len(body), "cut": body[: len(body) // 2]}.get(fault, body))

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    ensure_jars(ignore)
    with Mirror(cache_directory()) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("MAVEN_REPO_URL", server.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        yield server
        server.shutdown()
        thread.join()


def ignore(step: str, done: int, total: int) -> None:
    """For those who do not watch."""


def leftovers() -> set[str]:
    """What is in the cache and is neither the lock nor a complete jar."""
    complete = {jar.file_name for jar in pinned_jars() if (cache_directory() / jar.file_name).exists()}
    return {file.name for file in cache_directory().iterdir()} - complete - {"lock"}


def path_of(artifact: str) -> str:
    return next(path for path, jar in JARS.items() if jar.artifact == artifact)


def test_progress_counts_every_byte_once_even_when_a_try_is_thrown_away(mirror: Mirror) -> None:
    mirror.faults[path_of("scala-library")] = ["cut", "503"]
    seen: list[tuple[str, int, int]] = []
    class_path = ensure_jars(lambda step, done, total: seen.append((step, done, total)))
    total = sum(jar.size for jar in pinned_jars())
    assert seen[-1] == ("download", total, total)
    assert mirror.asked[path_of("scala-library")] == 3
    assert all(jar.exists() for jar in class_path)
    assert leftovers() == set()


def test_a_full_cache_asks_nobody_and_a_damaged_jar_is_fetched_again(mirror: Mirror) -> None:
    class_path = ensure_jars(ignore)
    mirror.asked.clear()
    ensure_jars(ignore)
    assert not mirror.asked
    class_path[0].write_bytes(b"half a jar")
    ensure_jars(ignore)
    assert list(mirror.asked) == [f"/{pinned_jars()[0].path}"]


def test_jars_that_somebody_else_pinned_come_the_same_way(mirror: Mirror, tmp_path: Path) -> None:
    jar = pinned_jars()[-1]
    pinned = tmp_path / "other.lock"
    pinned.write_text(f"{jar.sha256} {jar.size} {jar.group}:{jar.artifact}:{jar.version}\n", encoding="utf-8")
    assert ensure_jars(ignore, pinned) == [cache_directory() / jar.file_name]
    assert list(mirror.asked) == [f"/{jar.path}"]


def test_two_processes_at_once_download_each_jar_once(mirror: Mirror) -> None:
    code = "from streams.ops.kafka.jars import ensure_jars; ensure_jars(lambda step, done, total: None)"
    both = [subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert set(mirror.asked.values()) == {1}
    assert len(mirror.asked) == len(JARS)


def test_a_jar_with_another_checksum_is_refused_and_not_kept(mirror: Mirror) -> None:
    mirror.faults[path_of("re2j")] = ["wrong"]
    with pytest.raises(EmbeddedKafkaError, match=r"checksum of .*re2j-1\.8\.jar differs: expected SHA-256 7b52c7"):
        ensure_jars(ignore)
    assert not (cache_directory() / "re2j-1.8.jar").exists()
    assert leftovers() == set()


def test_a_jar_that_the_server_lacks_is_named_at_once(mirror: Mirror) -> None:
    mirror.faults[path_of("kafka-raft")] = ["404"]
    with pytest.raises(EmbeddedKafkaError, match=r"kafka-raft-4\.1\.1\.jar: the server answered 404.*MAVEN_REPO_URL"):
        ensure_jars(ignore)
    assert mirror.asked[path_of("kafka-raft")] == 1


def test_a_server_that_keeps_failing_is_tried_three_times(mirror: Mirror) -> None:
    mirror.faults[path_of("kafka-raft")] = ["500", "cut", "cut"]
    with pytest.raises(EmbeddedKafkaError, match="the connection ended after 154875 of 309751 bytes"):
        ensure_jars(ignore)
    assert mirror.asked[path_of("kafka-raft")] == 3


def test_a_server_that_is_not_there_is_said_plainly(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAVEN_REPO_URL", "http://127.0.0.1:1/maven")
    with pytest.raises(EmbeddedKafkaError, match=r"cannot download .*Connection refused; check the network"):
        ensure_jars(ignore)


def test_a_url_without_a_scheme_is_said_plainly(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAVEN_REPO_URL", "mirror/maven")
    with pytest.raises(EmbeddedKafkaError, match=r"cannot download mirror/maven/.*unknown url type"):
        ensure_jars(ignore)


def test_a_password_in_the_url_reaches_the_mirror_but_no_message(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAVEN_REPO_URL", mirror.url.replace("//", "//ann:s%40cret@"))
    mirror.faults[path_of("re2j")] = ["wrong"]
    with pytest.raises(EmbeddedKafkaError) as refused:
        ensure_jars(ignore)
    assert mirror.accounts == {"Basic YW5uOnNAY3JldA=="}
    assert "cret" not in str(refused.value)


def test_a_full_disk_is_said_plainly(mirror: Mirror) -> None:
    code = """
import resource
from streams.ops.kafka import EmbeddedKafkaError
from streams.ops.kafka.jars import ensure_jars
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    ensure_jars(lambda step, done, total: None)
except EmbeddedKafkaError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"the disk is full: cannot write {cache_directory()}; free some space")
    assert leftovers() == set()
