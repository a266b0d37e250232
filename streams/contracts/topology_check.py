"""What must hold over the whole map: files are there, commands have one owner, no topic's name is taken twice."""

import re

from streams.contracts.names import SCHEMAS
from streams.contracts.topics import topics
from streams.contracts.topology import Topology
from streams.contracts.topology_draft import Draft
from streams.contracts.topology_files import check_files

_LEGAL = re.compile(r"[A-Za-z0-9._-]{1,249}")


def check(topology: Topology, draft: Draft) -> None:
    """Notes what the parts of the map, each right by itself, do to each other."""
    check_files(draft)
    _check_owners(draft)
    _check_names(topology, draft)


def _check_owners(draft: Draft) -> None:
    owners: dict[str, str] = {}
    for stanza in draft.stanzas.values():
        for topic in (source.topic for source in stanza.sources if source.event.is_internal):
            other = owners.setdefault(topic, stanza.group)
            if other != stanza.group:
                what = f"the command {topic} is read by {other} and by {stanza.group}"
                line = draft.lines.get(f"{stanza.group} reads {topic}", draft.lines[stanza.group])
                draft.mistakes.add(line, what, "give it one owner")


def _check_names(topology: Topology, draft: Draft) -> None:
    # to Kafka the names a.b and a_b collide
    taken: dict[str, tuple[str, str]] = {SCHEMAS: (SCHEMAS, "the schemas")}
    for spec in (spec for spec in topics(topology, has_registry=True) if spec.name):  # a missing one is told already
        line = draft.lines[spec.of]
        folded = spec.name.replace(".", "_")
        if not _LEGAL.fullmatch(spec.name) or spec.name in (".", ".."):
            what = f"{spec.name!r} cannot be the name of a topic"
            draft.mistakes.add(line, what, "write at most 249 letters, digits, dots, _ and -")
        elif folded in taken:
            name, other = taken[folded]
            what = f"the topic {spec.name} of {spec.of} is to Kafka the same as {name} of {other}"
            draft.mistakes.add(line, what, "give one of them another name")
        taken.setdefault(folded, (spec.name, spec.of))
