"""The sagas of the map: what each reads, and its policy of waves and waits."""

from datetime import timedelta
from typing import Any

from streams.contracts.topology import Source
from streams.contracts.topology_draft import Draft
from streams.contracts.topology_section import Name, Section
from streams.contracts.topology_values import count, duration, one_of
from streams.domain.waves import Reach, SagaPolicy, Wave

KEEP = timedelta(days=30)


def add_saga(name: Name, section: Section, owner: str, draft: Draft) -> None:
    heard = section.names("on")
    sources = tuple(Source(draft.events[topic.text]) for topic in heard if topic.text in draft.events)
    draft.check_heard(heard, section)
    own: dict[str, Any] = {"kind": "saga", "owner": owner, "policy": _policy(section)}
    draft.add_stanza(draft.stanza(name.text, section, sources, **own), name.line)
    section.names("sends")
    section.done()


def _policy(section: Section) -> SagaPolicy:
    waves = section.entries("waves", "wave")
    if not waves:
        section.note(section.at("waves"), "it has no waves; write for example waves: [{size: 5, reach: city}]")
    hour = timedelta(hours=1)
    return SagaPolicy(
        window=section.need("window", duration, hour, "15m"),
        max_age=section.need("max_age", duration, hour, "2h"),
        keep=section.get("keep", duration, KEEP),
        waves=tuple(_wave(wave) for wave in waves),
    )


def _wave(section: Section) -> Wave:
    size = section.need("size", count, 1, "5")
    reach: Reach = section.need("reach", one_of("city", "state", "country"), "city", "city")
    section.done()
    return Wave(size, reach)
