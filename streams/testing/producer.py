"""A producer: plain, or transactional and fenced by whoever takes its id."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from streams.contracts.partitioner import partition_of
from streams.testing.errors import abortable, fatal, refused
from streams.testing.groups import Metadata
from streams.testing.log import Stored
from streams.testing.process import Process, called

if TYPE_CHECKING:
    from streams.testing.cluster import Cluster

Report = Callable[[KafkaError | None, Message], None]


class Producer:
    """A record is in the log when `produce` returns; its report waits for poll, flush or the commit."""

    def __init__(self, cluster: "Cluster", process: Process, transactional_id: str | None, **options: Any) -> None:
        """Options: `timeout_s` of transactions, `queue`: how many reports may wait."""
        self.process, self._cluster, self._id = process, cluster, transactional_id
        self._timeout_s, self._room = options.get("timeout_s", 10.0), options.get("queue", 100_000)
        self._epoch = -1
        self._state = "new"  # ready, open, broken (abort is due), fatal
        self._unheard = ""  # a commit or abort that has happened without its caller knowing
        self._reports: deque[tuple[Report | None, KafkaError | None, Message]] = deque()
        self._robin = 0

    @called("producer.init_transactions")
    def init_transactions(self, timeout: float = -1) -> None:
        self._need("new")
        assert self._id is not None
        self._epoch = self._cluster.transactions.init(self._id, self._timeout_s)
        self._state = "ready"

    @called("producer.begin_transaction")
    def begin_transaction(self) -> None:
        self._need("ready")
        self._state = "open"

    def produce(self, topic: str, value: Any = None, key: Any = None, partition: int = -1, **more: Any) -> None:
        """More: `on_delivery`, `headers`."""
        self.process.ask("producer.produce", "before")
        self._produce(topic, _bytes(value), _bytes(key), partition, **more)
        self.process.ask("producer.produce", "after")

    def _produce(self, topic: str, value: bytes | None, key: bytes | None, partition: int, **more: Any) -> None:
        on_delivery = more.get("on_delivery")
        if self._id is not None:
            self._need("open")
        if len(self._reports) >= self._room:
            raise BufferError("Local: Queue full")
        place = (topic, partition if partition >= 0 else self._partition(topic, key))
        log, found = self._cluster.topics.log(place), self._cluster.topics.by_name[topic]
        if sum(map(len, (value or b"", key or b""))) + 70 > found.max_bytes:
            return self._report(on_delivery, KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), Message(topic=topic))
        now_ms = self._cluster.clock.now_ms
        stored = Stored(-1, key, value, _headers(more.get("headers")), now_ms, self._writer(place))
        log.append(stored)
        message = Message(topic=topic, partition=place[1], offset=stored.offset, key=key, value=value,
                          timestamp=(found.timestamp_type, now_ms))  # fmt: skip
        return self._report(on_delivery, None, message)

    @called("producer.poll")
    def poll(self, timeout: float = -1) -> int:
        return self._serve()

    @called("producer.flush")
    def flush(self, timeout: float = -1) -> int:
        self._serve()
        return 0

    @called("producer.send_offsets_to_transaction")
    def send_offsets_to_transaction(
        self, positions: list[TopicPartition], group_metadata: Metadata, timeout: float = -1
    ) -> None:
        self._need("open")
        offsets = {(part.topic, part.partition): part.offset for part in positions}
        assert self._id is not None
        with self._noted():
            self._cluster.transactions.send_offsets(self._id, self._epoch, group_metadata, offsets)

    def commit_transaction(self, timeout: float = -1) -> None:
        self._end("commit")

    def abort_transaction(self, timeout: float = -1) -> None:
        self._end("abort")

    @called("producer.list_topics")
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        return self._cluster.metadata()

    def __len__(self) -> int:
        return len(self._reports)

    def _end(self, how: str) -> None:
        """Asked again after an answer that got lost, it is done already."""
        self.process.ask(f"producer.{how}_transaction", "before")
        if self._unheard != how:
            self._need("open", *(["broken"] if how == "abort" else []))
            self._serve()
            if how == "commit":
                self._need("open")
            assert self._id is not None
            with self._noted():
                self._cluster.transactions.end(self._id, self._epoch, how == "commit")
            self._state, self._unheard = "ready", how
        self.process.ask(f"producer.{how}_transaction", "after")
        self._unheard = ""

    def _need(self, *states: str) -> None:
        if self._state in states:
            return
        if self._state == "fatal":
            raise fatal(KafkaError._FENCED, f"{self._id} was fenced")
        if self._state == "broken":
            raise abortable(KafkaError._STATE, "the transaction must be aborted")
        raise refused(KafkaError._STATE, f"the producer is {self._state}")

    def _writer(self, place: tuple[str, int]) -> int | None:
        if self._id is None:
            return None
        with self._noted():
            return self._cluster.transactions.write(self._id, self._epoch, place)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """What was refused decides what the producer may do next."""
        try:
            yield
        except KafkaException as failure:
            error = failure.args[0]
            if error.fatal():
                self._state = "fatal"
            elif error.txn_requires_abort():
                self._state = "broken"
            raise

    def _report(self, report: Report | None, error: KafkaError | None, message: Message) -> None:
        self._reports.append((report, error, message))

    def _serve(self) -> int:
        served = len(self._reports)
        for _ in range(served):
            report, error, message = self._reports.popleft()
            if error is not None and self._id is not None:
                self._state = "broken"
            if report is not None:
                report(error, message)
        return served

    def _partition(self, topic: str, key: bytes | None) -> int:
        count = len(self._cluster.topics.by_name[topic].logs) if topic in self._cluster.topics.by_name else 1
        if key is not None:
            return partition_of(key, count)
        self._robin += 1
        return self._robin % count


def _bytes(data: Any) -> bytes | None:
    return data.encode() if isinstance(data, str) else data


def _headers(headers: Any) -> list[tuple[str, bytes | None]] | None:
    if not headers:
        return None
    pairs = headers.items() if isinstance(headers, dict) else headers
    return [(name, _bytes(value)) for name, value in pairs]
