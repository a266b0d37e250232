"""Records for the world outside our transactions: partners' topics and what the feed brings in."""

import asyncio
import threading
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message

from streams.contracts.headers import Headers
from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.strangers import BAD_CREDENTIALS, Refusal, told

_PARTNER_IS_DOWN = {
    KafkaError._MSG_TIMED_OUT,
    KafkaError._TIMED_OUT,
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._RESOLVE,
    KafkaError._FATAL,
}


class SendFailed(Exception):
    """The cluster did not take a record. `is_transient`: it may take the same record later."""

    def __init__(self, error: KafkaError, stranger: str = "") -> None:
        """`stranger` is what the cluster has said of our credentials; the record itself has only timed out."""
        is_stranger = bool(stranger) or error.code() in BAD_CREDENTIALS
        super().__init__(told(error, stranger))
        self.is_transient = is_stranger or error.retriable() or error.fatal() or error.code() in _PARTNER_IS_DOWN
        self.is_fatal = error.fatal()


class _Answers(Refusal):
    """The reports of records, each with what the cluster has said of our credentials where the record timed out."""

    def settle(self, report: "asyncio.Future[None]", error: KafkaError | None) -> None:
        if error is None:
            self.said = ""
        if report.done():
            return
        if error is None:
            report.set_result(None)
        else:
            report.set_exception(SendFailed(error, self.said if error.code() in _PARTNER_IS_DOWN else ""))


class Outgoing:
    """An idempotent producer: `post` and settle in `close`, or `deliver` and await each record's report."""

    def __init__(self, settings: Settings, **own: Any) -> None:
        self._settings, self._own = settings, own
        self._answers = _Answers()
        self._producer = clients.producer(settings, error_cb=self._answers.hear, **own)
        self._lost: list[SendFailed] = []
        self._closed = threading.Event()
        self._poller: threading.Thread | None = None

    def post(self, topic: str, key: bytes, value: bytes, headers: Headers) -> None:
        """Queue a record; blocks while the queue is full. Raises SendFailed of a record queued earlier."""
        while True:
            try:
                self._producer.produce(topic, value, key, headers=list(headers), on_delivery=self._note)
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)
        if self._lost:
            raise self._lost[0]

    async def deliver(self, topic: str, key: bytes | None, value: bytes, headers: Headers) -> None:
        """Return once the cluster has the record; raises SendFailed."""
        loop = asyncio.get_running_loop()
        report: asyncio.Future[None] = loop.create_future()

        def reported(error: KafkaError | None, _: Message) -> None:
            loop.call_soon_threadsafe(self._answers.settle, report, error)

        self._start_polling()
        try:
            self._producer.produce(topic, value, key, headers=list(headers), on_delivery=reported)
        except (BufferError, KafkaException) as error:
            raise _failed(error) from error
        await report

    def close(self, timeout: float = 10.0) -> None:
        """Wait for what is queued; raises SendFailed for the first record that the cluster did not take."""
        left = self._producer.flush(timeout)
        self._closed.set()
        if self._poller is not None:
            self._poller.join()
        if self._lost:
            raise self._lost[0]
        if left:
            raise SendFailed(KafkaError(KafkaError._MSG_TIMED_OUT, f"{left} records not taken within {timeout:g} s"))

    def _note(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._lost.append(SendFailed(error))

    def _start_polling(self) -> None:
        if self._poller is None:
            self._poller = threading.Thread(target=self._poll, name="outgoing", daemon=True)
            self._poller.start()

    def _poll(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(0.2)


def _failed(error: BufferError | KafkaException) -> SendFailed:
    cause = error.args[0] if isinstance(error, KafkaException) else KafkaError(KafkaError._QUEUE_FULL)
    return SendFailed(cause)
