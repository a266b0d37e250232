"""Parsers of single values of the map; each raises ValueError("what is wrong; what would be right")."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from streams.contracts import durations, sizes


def kind(value: Any) -> str:
    """What a value is, in the words of YAML."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "empty" if value is None else repr(value)


def text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{kind(value)} is no text; write a text")
    return value


def duration(value: Any) -> timedelta:
    found = durations.parse(value if isinstance(value, str) else kind(value))
    if not found:
        raise ValueError("0 is no duration; write more than 0")
    return found


def size(value: Any) -> int:
    return sizes.parse(kind(value) if not isinstance(value, str | int) or isinstance(value, bool) else str(value))


def count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{kind(value)} is no count; write a whole number from 1")
    return value


def rate(value: Any) -> float:
    """So many a second, from "50/s", "600/m" or "100/h"."""
    shape = re.fullmatch(r"(\d{1,6})/([smh])", value) if isinstance(value, str) else None
    if shape is None or int(shape[1]) == 0:
        raise ValueError(f"{kind(value)} is no rate; write a whole number from 1 and /s, /m or /h, such as 50/s")
    return int(shape[1]) / {"s": 1, "m": 60, "h": 3600}[shape[2]]


def principal(value: Any) -> str:
    if not re.fullmatch(r"User:[^\s*]+", text(value)):
        raise ValueError(f"{value!r} is no principal; write for example User:acme")
    return str(value)


def switch(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise ValueError(f"{kind(value)} is no switch; write true or false")


def one_of(*words: str) -> Callable[[Any], Any]:
    def parse(value: Any) -> str:
        if value not in words:
            raise ValueError(f"{kind(value)} is not possible; write {' or '.join(words)}")
        return str(value)

    return parse


def url(value: Any) -> str:
    parts = urlsplit(text(value))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{value!r} is no web address; write http:// or https:// and a host")
    return str(value)


def cluster(value: Any) -> str:
    if not re.fullmatch(r"same|[^\s,:]+:\d+(,[^\s,:]+:\d+)*", text(value)):
        raise ValueError(f"{value!r} is no Kafka cluster; write same, or host:port[,host:port]")
    return str(value)


def variable(value: Any) -> str:
    """A secret written here by mistake is not repeated in the message."""
    if str(value).startswith(("whsec_", "whsk_")):
        raise ValueError("a secret stands in the map; write the name of the environment variable that holds it")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text(value)):
        raise ValueError(f"{value!r} is no environment variable; write letters, digits and _")
    return str(value)


def variables(value: Any) -> str | tuple[str, ...]:
    """One variable, or a list of them where one secret takes over from another."""
    if isinstance(value, list) and value:
        return tuple(variable(item.value) for item in value)
    return variable(value)
