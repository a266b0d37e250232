"""The outbox seen from outside: the SQL that makes it, and whether a relay could work with the one that is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.channels import ChannelError
from streams.contracts.mistakes import suggest
from streams.contracts.names import outbox
from streams.contracts.topology import Stanza, Topology
from streams.outbox.opened import look
from streams.outbox.place import place_of

_SQL = Path(__file__).parents[1] / "outbox"


@dataclass(frozen=True, slots=True)
class Standing:
    """An outbox as its relay finds it; `problem` is empty where the relay can work."""

    context: str
    by: str
    waiting: int | None
    oldest_seconds: float | None
    problem: str


def sql(database: str) -> str:
    """What makes the table, for postgres or mysql."""
    return (_SQL / f"{database}.sql").read_text(encoding="utf-8")


def check(topology: Topology, contexts: tuple[str, ...], env: Mapping[str, str]) -> list[Standing]:
    """Every outbox of the map, or those of the named contexts; raises ChannelError where one has none."""
    known = {name.removesuffix(outbox("")): stanza for name, stanza in topology.stanzas.items() if _is_outbox(stanza)}
    for name in contexts:
        if name not in known:
            raise ChannelError(f"the context {name} has no outbox; {suggest(name, known)}")
    return [_check(name, known[name], env) for name in contexts or sorted(known)]


def _is_outbox(stanza: Stanza) -> bool:
    return stanza.upstream is not None and stanza.group.endswith(outbox(""))


def _check(context: str, stanza: Stanza, env: Mapping[str, str]) -> Standing:
    assert stanza.upstream is not None
    by = str(stanza.upstream.options.get("by", "log"))
    try:
        place = place_of(stanza.upstream, env)
    except ChannelError as error:
        return Standing(context, by, None, None, str(error))
    found = look(stanza.upstream.kind, place)
    return Standing(context, by, found.waiting, found.oldest_seconds, found.problem)
