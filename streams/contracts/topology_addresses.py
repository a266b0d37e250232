"""Parsers of the addresses of servers; each raises ValueError("what is wrong; what would be right")."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from streams.contracts import mail
from streams.contracts.topology_values import text, url

_QUEUE = "write https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE"


def address(*schemes: str) -> Callable[[Any], Any]:
    """A server's address; credentials in it are a mistake, which the message does not repeat."""
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)

    def parse(value: Any) -> str:
        if "@" in text(value):
            raise ValueError("credentials stand in the map; take them out, options that end in _env name variables")
        try:
            parts = urlsplit(value)
            is_right = parts.scheme in schemes and parts.hostname and parts.port != 0
        except ValueError:  # of a port or an IPv6 address that is none
            is_right = False
        if not is_right:
            raise ValueError(f"{value!r} is no such address; write {wanted} and a host")
        return str(value)

    return parse


def host_port(value: Any) -> str:
    found = re.fullmatch(r"[^\s,:@/]+:(\d{1,5})", text(value))
    if not found or not 0 < int(found[1]) < 65_536:
        raise ValueError(f"{value!r} is no server; write host:port")
    return str(value)


def mailbox(value: Any) -> str:
    return mail.address(text(value)).addr_spec


def queue(value: Any) -> str:
    parts = urlsplit(url(value))
    if "@" in parts.netloc or not re.fullmatch(r"/[^/]+/[^/]+", parts.path):
        raise ValueError(f"it is no queue's URL; {_QUEUE}")
    return str(value)


def region_of(queue: str) -> str | None:
    """The region that the URL of a queue of Amazon's tells."""
    found = re.fullmatch(r"sqs(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?", urlsplit(queue).hostname or "")
    return found[1] if found else None
