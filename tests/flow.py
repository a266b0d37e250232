"""A whole Crossdock for tests: its own map, tree and worker processes, and what they wrote, seen from outside."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import yaml

from streams.contracts import names
from streams.contracts.partitioner import partition_of
from streams.contracts.settings import from_env
from streams.contracts.topology_file import load
from streams.domain.events import Event, OrderPlaced
from streams.ops import schemas, topics
from streams.ops.lag import lags
from streams.ops.sender import open_sender
from streams.runtime import clients
from streams.runtime.codecs import codec_of
from streams.runtime.outside import Cluster, Stored, quiet
from tests import told
from tests.letter import Letter
from tests.subscribers.orders import order
from tests.worker import PATIENCE_S, Worker, free_port, until

ROOT = Path(__file__).parents[1]
SECRET = "whsec_Y3Jvc3Nkb2NrLXRlc3RzLXNlY3JldC1vZi0zMi1ieXRlcw=="
Map = dict[str, Any]


def small(partitions: int = 2, delays: Sequence[str] = ("200ms", "400ms")) -> Map:
    """The map of tests with few partitions and short ladders."""
    found: Map = yaml.safe_load((ROOT / "tests/map.yaml").read_text(encoding="utf-8"))
    for event in found["events"].values():
        event["partitions"] = partitions
    for ladder in found["retries"].values():
        ladder["delays"] = list(delays)
    return found


def placed(*order_ids: str) -> list[OrderPlaced]:
    """An order of one item for each id."""
    return [replace(order("toys"), order_id=order_id) for order_id in order_ids]


def under_orders(app: str, handler: str, path: str) -> dict[str, str]:
    """A shipped module with its handler wrapped, so that it does as `Flow.tell` says: path → source text."""
    source = (ROOT / path).read_text(encoding="utf-8")
    assert source.count("\n\napp = build(") == 1, path
    wrapped = f'\n{handler} = told("{app}", {handler})\napp = build('
    return {path: "from told import told\n" + source.replace("\n\napp = build(", wrapped)}


class Flow:
    """One system under a prefix of its own: topics made, schemas published, nobody running yet."""

    def __init__(
        self, broker: str, home: Path, wanted: Map, modules: Mapping[str, str] | None = None, kafka_config: str = ""
    ) -> None:
        """`kafka_config` is the name of a file of librdkafka properties, for every client."""
        self.home, self.tree, self._workers = home, home / "tree", list[Worker]()
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")},
            "CROSSDOCK_BROKER": broker,
            "CROSSDOCK_PREFIX": f"t{uuid4().hex[:8]}.",
            "CROSSDOCK_HOME": str(home),
            "CROSSDOCK_TOPOLOGY": str(home / "topology.yaml"),
            "PARTNER_X_SECRET": SECRET,
            **({"CROSSDOCK_KAFKA_CONFIG": kafka_config} if kafka_config else {}),
        }
        self._plant({"told.py": Path(told.__file__).read_text(encoding="utf-8")} | dict(modules or {}))
        self.settings = quiet(from_env(self.env))
        self._producer = clients.producer(self.settings)
        self.redraw(wanted)

    def redraw(self, wanted: Map) -> None:
        """Another map, for workers that start from now on; its topics are made and its schemas published."""
        self.settings.topology.write_text(yaml.safe_dump(wanted, sort_keys=False), encoding="utf-8")
        self.map, self.topology = wanted, load(self.settings.topology, self.tree)
        topics.apply(self.settings, self.topology, lambda *_: None)
        schemas.publish(self.settings, self.topology)
        self.cluster, self._codec = Cluster(self.settings), codec_of(self.settings, self.topology)

    def rewrite(self, modules: Mapping[str, str]) -> None:
        """Change files of the tree (path → text), for workers that start from now on."""
        for path, text in modules.items():
            (self.tree / path).write_text(text, encoding="utf-8")

    def run(self, *groups: str, port: int = 0, **env: str) -> Worker:
        """`cli.py run`; `env` changes its environment."""
        return self._start(["cli.py", "run", *groups, f"--metrics-port={port or free_port()}"], env)

    def faust(self, app: str, port: int = 0, **env: str) -> Worker:
        """`faust -A streams.<app> worker`."""
        return self._start(["-m", "faust", "-A", f"streams.{app}", "worker", f"--web-port={port or free_port()}"], env)

    def cli(self, *args: str) -> "subprocess.CompletedProcess[str]":
        """`python cli.py …`, or `python -m faust …`, until it ends."""
        command = [sys.executable, *([] if args[0] == "-m" else ["cli.py"]), *args]
        return subprocess.run(command, cwd=self.tree, env=self.env, capture_output=True, text=True, timeout=60)

    def json(self, *args: str) -> Any:
        done = self.cli(*args, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def tell(self, *orders: Mapping[str, Any]) -> None:
        """What handlers under orders do from now on (tests/told.py); nothing: their work."""
        scratch = self.home / "told.json.new"
        scratch.write_text(json.dumps(orders), encoding="utf-8")
        scratch.replace(self.home / "told.json")

    def calls(self, app: str, key: str | None = None) -> list[dict[str, Any]]:
        """Every call of a handler under orders, oldest first."""
        return [call for call in told.calls(self.home) if call["app"] == app and key in (None, call["key"])]

    def send(self, *records: Event) -> None:
        """Each to the topic of the map that carries it, as the world outside does."""
        with open_sender(self.settings, self.topology, "test") as sender:
            for record in records:
                sender.send(record)

    def write(self, topic: str, value: bytes | None, key: bytes | None, **more: Any) -> str:
        """Raw bytes, on the key's partition unless `partition` says otherwise; returns topic-partition-offset."""
        where: list[Any] = []
        partition = more.pop("partition", partition_of(key or b"", self.cluster.topics[topic]))
        self._producer.produce(
            self.cluster.names.topic(topic), value, key, partition, on_delivery=lambda *seen: where.append(seen), **more
        )
        assert self._producer.flush(10) == 0
        error, message = where[0]
        assert error is None, error
        return f"{topic}-{partition}-{message.offset()}"

    def encode(self, topic: str, record: Event) -> bytes:
        return self._codec.encode(topic, record)

    def records(self, topic: str) -> list[Stored]:
        """Every committed record, each partition in its order."""
        return list(self.cluster.read(self.cluster.places(topic)))

    def events(self, topic: str) -> list[Any]:
        """Every committed record, decoded."""
        return [self.decode(stored) for stored in self.records(topic)]

    def decode(self, stored: Stored) -> Any:
        time = datetime.fromtimestamp(stored.time_ms / 1000, UTC)
        return self._codec.decode(stored.topic, stored.value or b"", time)

    def letters(self, group: str) -> list[Letter]:
        """The dead letters of a group, each partition in its order."""
        return [Letter.of(stored) for stored in self.records(names.dead(group))]

    def laned(self, group: str) -> int:
        """How many retry records a group has ever written."""
        numbers = range(1, len(self.topology.stanzas[group].ladder.delays) + 1)
        return sum(len(self.records(names.lane(group, number))) for number in numbers)

    def behind(self, *groups: str) -> int:
        """How many committed records these groups have still to finish; what stands in lanes counts."""
        return sum(lag.records for lag in lags(self.cluster, self.topology, datetime.now(UTC), groups))

    def wait_idle(self, *groups: str, patience_s: float = PATIENCE_S) -> None:
        until(lambda: self.behind(*groups) == 0, f"{groups} have read everything", patience_s)

    def __enter__(self) -> Self:
        return self

    def kill_workers(self) -> None:
        """Nobody of this system runs any more."""
        for worker in self._workers:
            worker.kill()

    def __exit__(self, *_: object) -> None:
        self.kill_workers()
        # the broker serves the whole test run: it should not carry what is over
        ours = [self.cluster.names.topic(topic) for topic in self.cluster.topics]
        for deleted in self.cluster.admin.delete_topics(ours).values():
            deleted.result(10)

    def _start(self, command: Sequence[str], env: Mapping[str, str]) -> Worker:
        log = self.home / f"worker-{len(self._workers)}.log"
        self._workers.append(Worker(command, self.tree, {**self.env, **env}, log))
        return self._workers[-1]

    def _plant(self, modules: Mapping[str, str]) -> None:
        """Compiled files are copied too, with the times that make them valid."""
        for room in ("streams", "schemas", "docker"):
            shutil.copytree(ROOT / room, self.tree / room)
        shutil.copy2(ROOT / "cli.py", self.tree)
        self.rewrite(modules)
