"""How the map says that a partner is reached: one transport, its own settings, and those that all have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streams.contracts.addresses import is_public
from streams.contracts.mistakes import suggest
from streams.contracts.topology import Channel
from streams.contracts.topology_addresses import address, host_port, mailbox, queue, region_of
from streams.contracts.topology_section import Section
from streams.contracts.topology_values import (
    cluster,
    count,
    duration,
    one_of,
    principal,
    rate,
    switch,
    text,
    url,
    variable,
    variables,
)

COMMON: dict[str, Any] = {
    "timeout": ("timeout", duration),
    "concurrency": ("concurrency", count),
    "rate": ("rate", rate),
    "opens_after": ("opens_after", count),
    "probe_every": ("probe_every", duration),
}
FORMAT = one_of("cloudevents", "avro")
TARGETS: dict[str, Any] = {
    "webhook": url,
    "kafka": cluster,
    "rabbitmq": address("amqp", "amqps"),
    "sqs": queue,
    "redis": address("redis", "rediss"),
    "smtp": host_port,
}
NEEDED: dict[str, dict[str, Any]] = {
    "webhook": {"secret_env": (variables, "PARTNER_X_SECRET")},
    "kafka": {"topic": (text, "acme.incoming.leads")},
    "rabbitmq": {},
    "sqs": {},
    "redis": {"stream": (text, "leads")},
    "smtp": {
        "from": (mailbox, "shop@example.com"),
        "to": (text, "customer_id"),
        "subject": (text, "Your order {order_id}"),
    },
}
OPTIONAL: dict[str, dict[str, Any]] = {
    "webhook": {"allow_private": switch, "format": FORMAT},
    "kafka": {"config_env": variable, "format": FORMAT, "principal": principal},
    "rabbitmq": {"url_env": variable, "exchange": text, "routing_key": text, "format": FORMAT},
    "sqs": {"region": text, "access_key_env": variable, "secret_key_env": variable, "format": FORMAT},
    "redis": {
        "user_env": variable,
        "password_env": variable,
        "maxlen": count,
        "trim": one_of("approximate", "exact"),
        "format": FORMAT,
    },
    "smtp": {
        "tls": one_of("starttls", "tls", "none"),
        "user_env": variable,
        "password_env": variable,
        "text": text,
    },
}
PAIRS = {
    "sqs": (("access_key_env", "secret_key_env"), ("secret_key_env", "access_key_env")),
    "smtp": (("user_env", "password_env"), ("password_env", "user_env")),
    "redis": (("user_env", "password_env"),),
}
OWN_DEFAULTS: dict[str, dict[str, Any]] = {"smtp": {"concurrency": 4}}  # a connection each


def channel(partner: Section, root: Path) -> Channel | None:
    """The partner's channel; None, with the mistake noted, where it does not name exactly one transport of `root`."""
    section = partner.section("channel")
    transports = {file.stem for file in (root / "streams/channels").glob("[a-z]*.py")}
    kinds = [key for key in section if key in transports]
    if len(kinds) != 1:
        unknown = next((key for key in section if key not in COMMON), "")
        right = "keep one of them" if kinds else suggest(unknown, transports)
        section.note(section.line, f"it names {' and '.join(kinds) or 'no transport'}; {right}")
        return None
    kind = kinds[0]
    target = section.get(kind, TARGETS.get(kind, text), "")
    policy = OWN_DEFAULTS.get(kind, {}) | section.given(**COMMON)
    found = Channel(kind, target, **policy, options=_options(kind, section))
    if kind in TARGETS:
        section.done()
    if target:
        for key, mistake in _misfits(found):
            section.note(section.at(key), mistake)
    return found


def _misfits(channel: Channel) -> Iterator[tuple[str, str]]:
    """Keys that are right each for itself, and what is wrong with them together."""
    kind, options = channel.kind, channel.options
    if kind == "webhook" and _is_inside(channel.target) and not options.get("allow_private"):
        yield kind, f"{channel.target} is no public address; allow_private: true would permit it"
    if kind == "rabbitmq" and not {"exchange", "routing_key"} & options.keys():
        yield kind, "nothing says where messages go; write an exchange, or a queue's name as routing_key"
    if kind == "sqs" and not (options.get("region") or region_of(channel.target)):
        yield kind, "the URL does not tell the region; write for example region: eu-west-1"
    if kind == "kafka" and channel.target != "same" and "principal" in options:
        yield "principal", "another cluster's ACLs are not ours to give; take it out"
    for one, other in PAIRS.get(kind, ()):
        if one in options and other not in options:
            yield one, f"{one} stands without {other}; write both"
    if kind == "smtp" and options.get("tls") == "none" and "user_env" in options:
        yield "tls", "the password would be sent in the clear; write starttls or tls"


def _is_inside(target: str) -> bool:
    """Whether a literal address leads into our own network; a name is judged when it is resolved."""
    try:
        return not is_public(urlsplit(target).hostname or "")
    except ValueError:
        return False


def _options(kind: str, section: Section) -> dict[str, Any]:
    """The transport's own keys; a transport without rows above judges its own, they are passed on as they are."""
    if kind not in TARGETS:
        return section.plain()
    needed = {key: section.need(key, parse, "", example) for key, (parse, example) in NEEDED[kind].items()}
    return needed | section.given(**{key: (key, parse) for key, parse in OPTIONAL[kind].items()})
