"""What a message says to a partner that is no webhook: CloudEvents 1.0 in JSON, or the record's own Avro bytes."""

import json
from typing import Literal

from streams.contracts.envelope import instant
from streams.contracts.headers import text
from streams.domain.delivery import Delivery

Format = Literal["cloudevents", "avro"]
CLOUDEVENTS, AVRO = "application/cloudevents+json", "application/avro"
_FROM_HEADERS = ("correlationid", "causationid")
_UNKNOWN_SOURCE = "crossdock"  # a record of somebody who sets no headers; the attribute may not be missing


def payload(message: Delivery, form: Format) -> tuple[str, bytes]:
    """Content type and body. With `avro` a transport carries `attributes` beside the body."""
    if form == "avro":
        return AVRO, message.raw
    event = attributes(message) | {"datacontenttype": "application/json", "data": message.fields}
    return CLOUDEVENTS, json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def attributes(message: Delivery) -> dict[str, str]:
    """The context attributes of CloudEvents 1.0 without a prefix; `time` is the event's append time."""
    found = {
        "specversion": "1.0",
        "id": message.id,
        "source": text(message.headers, "ce_source") or _UNKNOWN_SOURCE,
        "type": message.type,
        "time": instant(message.time),
    }
    if message.key:
        found |= {"subject": message.key, "partitionkey": message.key}
    traced = {name: text(message.headers, f"ce_{name}") for name in _FROM_HEADERS}
    traced["traceparent"] = text(message.headers, "traceparent")
    return found | {name: value for name, value in traced.items() if value}
