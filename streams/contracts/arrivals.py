"""What has come in from outside, read: which event or command of the map it is, in whatever form it was sent."""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any
from uuid import uuid5

from streams.contracts.codec import Codec, Undecodable, Unencodable
from streams.contracts.envelope import MAX_ID_BYTES, NAMESPACE
from streams.contracts.from_json import Malformed, from_json
from streams.contracts.headers import Headers, Written, text
from streams.contracts.mistakes import suggest
from streams.contracts.registry import UnknownSchema
from streams.contracts.topology import EventSpec
from streams.domain import commands, events
from streams.domain.received import Arrival, Received

_STRUCTURED = "application/cloudevents+json"
_AVRO = ("application/avro", "avro/binary", "application/vnd.confluent.avro", "application/vnd.apache.avro+binary")
_JSON = ("application/json", "text/json", "text/plain", "application/octet-stream", "")
_TOLD = {  # of what a message says about itself
    "correlationid": "ce_correlationid", "causationid": "ce_causationid", "source": "ce_source",
    "traceparent": "traceparent",
}  # fmt: skip
MAX_KEY_BYTES = 16_384
_CUT = "xd_cut"  # how long a message was that no topic takes whole
_TYPES: Mapping[str, Any] = vars(events) | vars(commands)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it stands in `<group>.received`."""

    key: bytes
    value: bytes
    headers: Written


class Arrivals:
    """Reads messages of a context: `admits` is everything that it publishes or sends."""

    def __init__(self, admits: Sequence[EventSpec], codec: Codec) -> None:
        self._codec = codec
        self._most_bytes = max((spec.max_bytes for spec in admits), default=0)
        self._topics = {spec.topic: spec for spec in admits}
        records = [spec.record for spec in admits]
        self._records = {spec.record: spec for spec in admits if records.count(spec.record) == 1}

    def stored(self, received: Received) -> Stored:
        """The message as it is, under its event's key where it can be read; raises RegistryUnavailable."""
        about = _about(received)
        headers: Written = [(name, value.encode("utf-8", "replace")) for name, value in about.items()]
        body = received.body
        if len(body) > self._most_bytes:
            headers, body = [*headers, (_CUT, str(len(body)).encode())], body[: self._most_bytes]
        try:
            spec, arrived = self._read(headers, body)
            key = str(getattr(arrived.record, spec.key))
        except (Undecodable, UnknownSchema):
            key = received.key or received.attributes.get("partitionkey") or about["ce_id"]
        return Stored(key.encode("utf-8", "replace")[:MAX_KEY_BYTES], body, headers)

    def read(self, headers: Headers, body: bytes) -> Arrival:
        """Raises Undecodable, UnknownSchema, RegistryUnavailable; nothing else."""
        return self._read(headers, body)[1]

    def _read(self, headers: Headers, body: bytes) -> tuple[EventSpec, Arrival]:
        if length := text(headers, _CUT):
            raise Undecodable(f"too_large: it had {length} bytes, of which the first {len(body)} are kept")
        spec = self._spec(text(headers, "ce_type") or "")
        record = self._record(spec, text(headers, "content-type") or "", body)
        number, causation = text(headers, "ce_id"), text(headers, "ce_causationid")
        return spec, Arrival(id=number, topic=spec.topic, record=record, causation=causation)

    def _spec(self, kind: str) -> EventSpec:
        spec = self._topics.get(kind) or self._records.get(kind)
        if spec is None:
            what = f"the type {kind!r} is nothing that this context publishes or sends" if kind else "it has no type"
            raise Undecodable(f"unroutable: {what}; {suggest(kind, self._topics)}")
        return spec

    def _record(self, spec: EventSpec, content_type: str, body: bytes) -> Any:
        if content_type == _STRUCTURED:
            event = _object(spec, body)
            if "data_base64" not in event:
                return self._made(spec, event.get("data"))
            content_type, body = _bare(str(event.get("datacontenttype", ""))), _decoded(spec, event["data_base64"])
        if content_type in _AVRO:
            return self._codec.decode(spec.topic, body, events.EPOCH)
        if content_type not in _JSON and not content_type.endswith("+json"):
            raise Undecodable(f"{spec.topic}: content type {content_type!r} is neither JSON, nor CloudEvents, nor Avro")
        return self._made(spec, _object(spec, body))

    def _made(self, spec: EventSpec, fields: Any) -> Any:
        kind = _TYPES.get(spec.record)
        if kind is None:
            raise Undecodable(f"{spec.topic}: no class is called {spec.record}")
        try:
            record = from_json(kind, fields)
            self._codec.encode(spec.topic, record)
        except (Malformed, Unencodable) as error:
            raise Undecodable(f"{spec.topic}: {error}") from error
        return record


def _about(received: Received) -> dict[str, str]:
    """The headers of the message; what a CloudEvent says of itself counts more than what its transport says."""
    told = dict(received.attributes)
    kind, content_type = received.type, _bare(received.content_type)
    number = received.id
    if content_type == _STRUCTURED or (content_type in _JSON and b'"specversion"' in received.body):
        event = _attributes(received.body)
        if event:
            content_type = _STRUCTURED
            number, kind = event.get("id", number), event.get("type", kind)
            told |= event
    elif content_type in _JSON and received.body[:1] == b"\0":
        content_type = _AVRO[0]
    about = {"ce_id": _id(number, kind, received.body), "ce_type": kind, "content-type": content_type}
    about |= {header: told[name] for name, header in _TOLD.items() if told.get(name)}
    return {name: value for name, value in about.items() if len(value) <= MAX_ID_BYTES}


def _id(number: str, kind: str, body: bytes) -> str:
    """Upstream's id; a message without one is known by its type and bytes, as a row of `feed` is."""
    if 0 < len(number.encode("utf-8", "replace")) <= MAX_ID_BYTES and number.isprintable():
        return number
    named = number.encode("utf-8", "replace") or kind.encode("utf-8", "replace") + b":" + body
    return str(uuid5(NAMESPACE, sha1(named).hexdigest()))


def _attributes(body: bytes) -> dict[str, str]:
    """The texts at the top of a CloudEvent in JSON; nothing where it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or not {"specversion", "id", "type"} <= found.keys():
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str) and name != "data"}


def _decoded(spec: EventSpec, data: Any) -> bytes:
    try:
        return b64decode(str(data), validate=True)
    except ValueError as error:
        raise Undecodable(f"{spec.topic}: data_base64 is no base64: {error}") from error


def _bare(content_type: str) -> str:
    """Without its parameters, such as the charset."""
    return content_type.partition(";")[0].strip().lower()


def _object(spec: EventSpec, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"{spec.topic}: it is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Undecodable(f"{spec.topic}: it is {type(found).__name__}, not a JSON object")
    return found
