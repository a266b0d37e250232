"""Takes messages from an Amazon SQS queue; while they are not acknowledged they stay out of others' sight."""

import asyncio
from base64 import b64decode
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from streams.channels.sqs import client_of
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel, Stanza
from streams.domain.received import Received, ReceiverDown

_WAIT_S, _CLOSING_S = 1, 2.0
_ENTRIES = 10  # of a request, as SQS has it
_BROKEN = (BotoCoreError, ClientError, HTTPClientError, OSError)


def connect(stanza: Stanza, settings: Settings, env: Mapping[str, str]) -> "Sqs":
    assert stanza.upstream is not None
    return Sqs(stanza.upstream, env)


class Sqs:
    """Target: the queue's URL; options as those of the channel.

    A message has its type in the attribute `type` or `ce_type`. It is known by `ce_id`, else by its deduplication id in
    a FIFO queue, else by its message id.
    """

    def __init__(self, channel: Channel, env: Mapping[str, str]) -> None:
        self._queue, self._config = channel.target, client_of(channel, env)
        self._open = AsyncExitStack()
        self._sqs: Any = None
        self._held: set[str] = set()  # receipt handles
        self._holding: asyncio.Task[None] | None = None

    async def receive(self, at_most: int) -> Sequence[Received]:
        came: list[Any] = []
        try:
            while len(came) < at_most:
                more = await self._messages(min(_ENTRIES, at_most - len(came)), 0 if came else _WAIT_S)
                came += more
                if len(more) < _ENTRIES:
                    break
        except _BROKEN as error:
            if not came:
                raise ReceiverDown(f"{type(error).__name__}: {error}") from error
        self._held |= {message["ReceiptHandle"] for message in came}
        return [_received(message) for message in came]

    async def acknowledge(self, received: Sequence[Received]) -> None:
        handles = [message.receipt for message in received]
        self._held -= set(handles)
        try:
            async with asyncio.TaskGroup() as group:
                for start in range(0, len(handles), _ENTRIES):
                    group.create_task(self._delete(handles[start : start + _ENTRIES]))
        except* _BROKEN as errors:
            raise ReceiverDown(str(errors.exceptions[0])) from errors

    async def close(self) -> None:
        """What is held is in sight again at once."""
        if self._holding is not None:
            self._holding.cancel()
        held, self._held, self._holding = self._held, set(), None
        with suppress(TimeoutError, *_BROKEN):
            async with asyncio.timeout(_CLOSING_S):
                await self._hide(held, 0)
        await self._open.aclose()
        self._sqs = None

    async def _messages(self, at_most: int, wait_s: int) -> list[Any]:
        client = await self._client()
        answer = await client.receive_message(
            QueueUrl=self._queue,
            MaxNumberOfMessages=at_most,
            WaitTimeSeconds=wait_s,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return list(answer.get("Messages", ()))

    async def _delete(self, handles: Sequence[str]) -> None:
        entries = [{"Id": str(at), "ReceiptHandle": handle} for at, handle in enumerate(handles)]
        await (await self._client()).delete_message_batch(QueueUrl=self._queue, Entries=entries)

    async def _client(self) -> Any:
        if self._sqs is None:
            self._sqs = await self._open.enter_async_context(get_session().create_client("sqs", **self._config))
        if self._holding is None:
            found = await self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["VisibilityTimeout"])
            self._holding = asyncio.create_task(self._hold(int(found["Attributes"]["VisibilityTimeout"])))
        return self._sqs

    async def _hold(self, seconds: int) -> None:
        """What takes longer than the queue allows is asked for again in time."""
        while True:
            await asyncio.sleep(max(seconds / 2, 0.5))
            with suppress(*_BROKEN):
                await self._hide(self._held, seconds)

    async def _hide(self, handles: set[str], seconds: int) -> None:
        listed = list(handles)
        for start in range(0, len(listed), _ENTRIES):
            entries = [
                {"Id": str(at), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for at, handle in enumerate(listed[start : start + _ENTRIES])
            ]
            if self._sqs is not None:
                await self._sqs.change_message_visibility_batch(QueueUrl=self._queue, Entries=entries)


def _received(message: Mapping[str, Any]) -> Received:
    told = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    system = message.get("Attributes", {})
    attributes = {name.removeprefix("ce_"): value for name, value in told.items()}
    body, content_type = message.get("Body", "").encode(), attributes.get("content-type", "")
    if "avro" in content_type:
        with suppress(ValueError):
            body = b64decode(body, validate=True)  # SQS carries text only
    return Received(
        id=attributes.get("id") or system.get("MessageDeduplicationId") or message["MessageId"],
        type=attributes.get("type", ""),
        key=attributes.get("partitionkey") or system.get("MessageGroupId"),
        body=body,
        content_type=content_type,
        receipt=message["ReceiptHandle"],
        attributes=attributes,
    )
