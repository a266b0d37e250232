"""Where an outbox is, and how it is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from streams.channels import ChannelError, secret
from streams.contracts.topology import Channel

_TABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """The database's URL without its account; the table, with its schema or without; how long rows are kept.

    `keep_seconds` 0 deletes a row as soon as it is acknowledged.
    """

    url: str
    user: str | None = None
    password: str | None = None
    table: str = "outbox"
    keep_seconds: float = 0
    is_polled: bool = False


def place_of(upstream: Channel, env: Mapping[str, str]) -> Place:
    """What `outbox:` of a context says; raises ChannelError for an account that is not there, or a table's name."""
    options = upstream.options
    table, keep = options.get("table", "outbox"), options.get("keep")
    if not _TABLE.fullmatch(table):
        raise ChannelError(f"{table!r} is no table; write letters, digits and _, as in outbox or shop.outbox")
    return Place(
        upstream.target,
        secret(upstream, "user_env", env),
        secret(upstream, "password_env", env),
        table,
        keep_seconds=keep.total_seconds() if keep else 0.0,
        is_polled=options.get("by") == "polling",
    )
