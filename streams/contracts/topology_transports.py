"""How the map says on which broker a context lives, or in which database its outbox is: one transport, in and out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from streams.contracts.mistakes import suggest
from streams.contracts.topology import Channel
from streams.contracts.topology_addresses import address, region_of
from streams.contracts.topology_channels import COMMON, OPTIONAL, PAIRS
from streams.contracts.topology_section import Section
from streams.contracts.topology_values import cluster, duration, one_of, text, url, variable

PLACES = {  # what `in` and `out` are called by the files in streams/receivers and streams/channels
    "rabbitmq": ("queue", "routing_key"),
    "redis": ("stream", "stream"),
    "kafka": ("topic", "topic"),
    "sqs": ("", ""),
}
OUTBOXES: dict[str, Any] = {
    "postgres": address("postgres", "postgresql"),
    "mysql": address("mysql", "mariadb"),
}
OUTBOX_OPTIONS: dict[str, Any] = {
    "user_env": variable,
    "password_env": variable,
    "table": text,
    "keep": duration,
    "by": one_of("log", "polling"),
}


def _account(value: Any) -> str:
    parts = urlsplit(url(value))
    if "@" in parts.netloc or parts.path.count("/") != 1 or parts.path == "/":
        raise ValueError("it is no account's URL; write https://sqs.REGION.amazonaws.com/ACCOUNT")
    return str(value)


def _elsewhere(value: Any) -> str:
    if value == "same":
        raise ValueError("the map's own cluster needs no transport; write host:port of another one")
    return cluster(value)


BROKERS: dict[str, Any] = {
    "rabbitmq": address("amqp", "amqps"),
    "sqs": _account,
    "redis": address("redis", "rediss"),
    "kafka": _elsewhere,
}


@dataclass(frozen=True, slots=True)
class Transport:
    """A context's broker: where messages come from there, and where they are sent; None where nothing says it."""

    upstream: Channel | None = None
    channel: Channel | None = None


def transport(context: Section) -> Transport:
    """The broker that `transport:` names, with the places `in` and `out` on it."""
    section = context.section("transport")
    kind = _kind(section, BROKERS)
    if kind is None:
        return Transport()
    into, out = section.get("in", text, ""), section.get("out", text, "")
    parsers = {key: (key, parse) for key, parse in OPTIONAL[kind].items() if key != "routing_key"}
    broker = Channel(kind, section.get(kind, BROKERS[kind], ""), section.given(**parsers), **section.given(**COMMON))
    section.done()
    _check_options(broker, section)
    is_routed = "exchange" in broker.options  # by the event's type, unless `out` is the key of all
    return Transport(
        upstream=_at(broker, into, PLACES[kind][0]) if into else None,
        channel=_at(broker, out, PLACES[kind][1]) if out else broker if is_routed else None,
    )


def _at(broker: Channel, place: str, name: str) -> Channel:
    if broker.kind == "sqs":
        return replace(broker, target=f"{broker.target}/{place}")
    return replace(broker, options={**broker.options, name: place})


def outbox(context: Section) -> Channel | None:
    """The database that `outbox:` names."""
    section = context.section("outbox")
    kind = _kind(section, OUTBOXES)
    if kind is None:
        return None
    target = section.get(kind, OUTBOXES[kind], "")
    options = section.given(**{key: (key, parse) for key, parse in OUTBOX_OPTIONS.items()})
    section.done()
    return Channel(kind, target, options)


def _kind(section: Section, known: Mapping[str, Any]) -> str | None:
    kinds = [key for key in section if key in known]
    if len(kinds) == 1:
        return kinds[0]
    unknown = next(iter(section), "")
    right = "keep one of them" if kinds else suggest(unknown, known)
    section.note(section.line, f"it names {' and '.join(kinds) or 'no transport'}; {right}")
    return None


def _check_options(broker: Channel, section: Section) -> None:
    kind, target, options = broker.kind, broker.target, broker.options
    if kind == "sqs" and target and not (options.get("region") or region_of(target)):
        section.note(section.at(kind), "the URL does not tell the region; write for example region: eu-west-1")
    for one, other in PAIRS.get(kind, ()):
        if one in options and other not in options:
            section.note(section.at(one), f"{one} stands without {other}; write both")
