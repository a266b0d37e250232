"""A message as an SQS queue takes it: body, attributes, and for a FIFO queue its group and what tells repeats."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from streams.contracts.payload import Format, attributes, payload
from streams.domain.delivery import Delivery

_TOKEN = re.compile(r"[!-~]{1,128}")  # what a group or deduplication id may be


def entry_of(message: Delivery, form: Format, is_fifo: bool) -> dict[str, Any]:
    """What SendMessageBatch wants of it, but for the entry's number; Avro travels in base64."""
    content_type, body = payload(message, form)
    named = {f"ce_{name}": value for name, value in attributes(message).items() if name != "partitionkey"}
    told = {**named, "content-type": content_type}  # ten attributes at most, as SQS allows
    fifo = {"MessageGroupId": _token(message.key or message.id), "MessageDeduplicationId": _token(message.id)}
    return {
        "MessageBody": b64encode(body).decode() if form == "avro" else body.decode(),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in told.items()},
        **(fifo if is_fifo else {}),
    }


def size_of(entry: Mapping[str, Any]) -> int:
    """Bytes as SQS counts them: the body, and each attribute's name, type and value."""
    told = entry["MessageAttributes"].items()
    return len(entry["MessageBody"].encode()) + sum(len(f"{k}String{v['StringValue']}".encode()) for k, v in told)


def _token(text: str) -> str:
    return text if _TOKEN.fullmatch(text) else sha256(text.encode()).hexdigest()
