"""Delivers an event as a message of an Amazon SQS queue; deliveries of the same moment share a request."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from streams.channels import ChannelError, Rejected, secret
from streams.contracts.payload import Format
from streams.contracts.settings import Settings
from streams.contracts.sqs_message import entry_of, size_of
from streams.contracts.topology import Channel
from streams.contracts.topology_addresses import region_of
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.failure import Poison, Unreachable

GATHER_S = 0.005
MAX_ENTRIES, MAX_BYTES = 10, 262_144  # of a request that several share
LARGEST = 1_048_576  # message; a queue may be told to take less, which it says itself
_BUSY = re.compile(r"Throttl|OverLimit|Kms|TooManyRequests|ServiceUnavailable|InternalError|InternalFailure")
_STRANGER = re.compile(r"AccessDenied|InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClient|ExpiredToken|Auth")
_NO_QUEUE = re.compile(r"NonExistentQueue|QueueDoesNotExist|QueueDeleted")


def connect(channel: Channel, settings: Settings, env: Mapping[str, str]) -> "Sqs":
    return Sqs(channel, env)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One message on its way; `done` is its end."""

    wire: dict[str, Any]
    bytes: int
    done: "asyncio.Future[None]"

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Sqs:
    """Target: the queue's URL; one that ends in .fifo gets the key as group and the id for deduplication.

    Options: `region` where the URL does not tell it, `access_key_env` and `secret_key_env` (else the credentials that
    AWS finds where the worker runs), `format`.
    """

    def __init__(self, channel: Channel, env: Mapping[str, str]) -> None:
        self._queue = channel.target
        self._form: Format = channel.options.get("format", "cloudevents")
        self._timeout_s = channel.timeout.total_seconds()
        self._client = client_of(channel, env)
        self._open, self._opening = AsyncExitStack(), asyncio.Lock()
        self._sqs: Any = None
        self._gathered: list[Entry] = []
        self._requests: set[asyncio.Task[None]] = set()

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        """Nothing to publish once the queue has the message; raises Unreachable, Rejected, or Poison if too large."""
        wire = entry_of(message, self._form, self._queue.endswith(".fifo"))
        entry = Entry(wire, size_of(wire), asyncio.get_running_loop().create_future())
        if entry.bytes > LARGEST:
            raise Poison(f"it has {entry.bytes} bytes as SQS counts; a queue takes {LARGEST} at most")
        self._gather(entry)
        try:
            async with asyncio.timeout(self._timeout_s):
                await entry.done
        except TimeoutError as error:
            raise Unreachable(reason=f"no answer within {self._timeout_s:g} s") from error
        return ()

    async def close(self) -> None:
        """What has been gathered is sent, and what is on its way comes to its end."""
        self._flush()
        await asyncio.gather(*self._requests)
        await self._open.aclose()
        self._sqs = None

    def _gather(self, entry: Entry) -> None:
        if len(self._gathered) == MAX_ENTRIES or sum(each.bytes for each in self._gathered) + entry.bytes > MAX_BYTES:
            self._flush()
        self._gathered.append(entry)
        if len(self._gathered) == 1:
            asyncio.get_running_loop().call_later(GATHER_S, self._flush)

    def _flush(self) -> None:
        batch, self._gathered = [each for each in self._gathered if not each.done.done()], []
        if batch:
            request = asyncio.create_task(self._send(batch))
            self._requests.add(request)
            request.add_done_callback(self._requests.discard)

    async def _send(self, batch: list[Entry]) -> None:
        entries: Any = [{"Id": str(at), **entry.wire} for at, entry in enumerate(batch)]
        try:
            client = await self._opened()
            answer = await client.send_message_batch(QueueUrl=self._queue, Entries=entries)
        except (BotoCoreError, ClientError, HTTPClientError, OSError) as error:
            await self._fail(batch, _judged(error))
            return
        refused = {int(each["Id"]): each for each in answer.get("Failed", ())}
        for at, entry in enumerate(batch):
            if at in refused:
                told = refused[at]
                entry.fail(_refusal(told["Code"], told.get("Message", ""), 400 if told["SenderFault"] else 500))
            elif not entry.done.done():
                entry.done.set_result(None)

    async def _fail(self, batch: list[Entry], failure: Exception) -> None:
        """A request that is refused as a whole may be the fault of one message: each is asked for alone."""
        if len(batch) > 1 and isinstance(failure, Rejected):
            for entry in batch:
                await self._send([entry])
        else:
            for entry in batch:
                entry.fail(failure)

    async def _opened(self) -> Any:
        async with self._opening:
            if self._sqs is None:
                self._sqs = await self._open.enter_async_context(_session().create_client("sqs", **self._client))
            return self._sqs


@cache
def _session() -> AioSession:
    """What is known of the service is read once."""
    return get_session()


def client_of(channel: Channel, env: Mapping[str, str]) -> dict[str, Any]:
    """How to reach the queue of this channel; raises ChannelError."""
    region, timeout_s = channel.options.get("region") or region_of(channel.target), channel.timeout.total_seconds()
    if not region:
        raise ChannelError(f"{channel.target} does not tell its region; write region: eu-west-1, or where it is")
    return {
        "region_name": region,
        "endpoint_url": "{0.scheme}://{0.netloc}".format(urlsplit(channel.target)),
        "aws_access_key_id": secret(channel, "access_key_env", env),
        "aws_secret_access_key": secret(channel, "secret_key_env", env),
        "config": AioConfig(
            connect_timeout=timeout_s,
            read_timeout=timeout_s,
            retries={"total_max_attempts": 1},  # a repeat is the ladder's or the breaker's business
            max_pool_connections=channel.concurrency,
        ),
    }


def _judged(error: Exception) -> Exception:
    if isinstance(error, ClientError):
        told, status = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        return _refusal(told.get("Code", ""), told.get("Message", ""), status.get("HTTPStatusCode", 0))
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return Unreachable(reason=f"bad credentials: {error}")
    if isinstance(error, ParamValidationError):
        return Rejected(str(error))
    return Unreachable(reason=f"{type(error).__name__}: {error}")


def _refusal(code: str, text: str, status: int) -> Exception:
    reason = f"{code}: {text}"
    if status in (401, 403) or _STRANGER.search(code):
        return Unreachable(reason=f"bad credentials: {reason}")
    if status >= 500 or _BUSY.search(code) or _NO_QUEUE.search(code):
        return Unreachable(reason=reason)
    return Rejected(reason)
