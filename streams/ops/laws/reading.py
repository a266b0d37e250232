"""Reads a history from outside: committed records only, with no worker asked."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from streams.contracts import names
from streams.contracts.codec import Codec, Undecodable
from streams.contracts.envelope import facts_of
from streams.contracts.headers import text
from streams.contracts.registry import UnknownSchema
from streams.contracts.topology import Stanza, Topology
from streams.domain.events import Event
from streams.ops.laws.history import Fact, History, Letter
from streams.runtime.codecs import codec_of
from streams.runtime.outside import Cluster, Stored

_TOLD = {
    "OrderPlaced", "StartLead", "WidenLead", "ProviderAcceptedLead", "ProviderDeclinedLead", "LeadOffered",
    "LeadAccepted", "AcceptanceRefused", "LeadWidened", "LeadEscalated", "LeadExpired", "LeadCancelled",
    "LeadOfferWithdrawn",
}  # fmt: skip


def read(cluster: Cluster, topology: Topology, taken: Mapping[str, Sequence[str]] | None = None) -> History:
    """Everything up to now. `taken` is what partners say that they took, by partner, as message ids in their order.

    Partners with a topic on this cluster need not say. Raises Unavailable, RegistryUnavailable.
    """
    wanted = [topic for topic in kept(topology) if topic in cluster.topics]
    stored = cluster.read([place for topic in wanted for place in cluster.places(topic)])
    return history_of(topology, codec_of(cluster.settings, topology), stored, taken)


def kept(topology: Topology) -> list[str]:
    """Every topic that a history is made of; some of them the cluster may not have."""
    served = [topic for topic, _ in partner_topics(topology.stanzas.values())]
    return [*topology.events, *map(names.dead, topology.stanzas), *served]


def history_of(
    topology: Topology, codec: Codec, stored: Iterable[Stored], taken: Mapping[str, Sequence[str]] | None = None
) -> History:
    """What these committed records add up to; each partition in its order."""
    told, dead = _told(topology), {names.dead(group): group for group in topology.stanzas}
    partners = dict(partner_topics(topology.stanzas.values()))
    facts: list[Fact[Event | None]] = []
    letters: list[Letter] = []
    found: dict[str, list[str]] = defaultdict(list, {partner: [] for partner in partners.values()})
    for each in stored:
        if each.topic in dead:
            letters += _letter(dead[each.topic], each)
        elif each.topic in partners:
            found[partners[each.topic]].append(message_id(each))
        else:
            facts.append(_fact(each, codec if each.topic in told else None))
    return History(topology, facts, letters, {**found, **(taken or {})})


def partner_topics(stanzas: Iterable[Stanza]) -> Iterable[tuple[str, str]]:
    """The topics on our own cluster by which partners are served, each with its partner."""
    for stanza in stanzas:
        if stanza.channel and (stanza.channel.kind, stanza.channel.target) == ("kafka", "same"):
            yield stanza.channel.options["topic"], stanza.group


def taken_from_log(log: Path) -> list[str]:
    """The ids that `simulate partner --log` answered with success, in its order; none where it has no file yet."""
    entries = map(json.loads, log.read_text(encoding="utf-8").splitlines()) if log.exists() else ()
    return [entry["id"] for entry in entries if entry["status"] < 300]


def message_id(stored: Stored) -> str:
    return text(stored.headers, "ce_id") or stored.id


def _told(topology: Topology) -> set[str]:
    """The topics whose records are decoded: public ones, commands, and of the slip's stops only the hand-off."""
    sagas = (stanza for stanza in topology.stanzas.values() if stanza.kind == "saga")
    hand_offs = {s.topic for saga in sagas for s in saga.sources if s.event.record == "LeadSlip"}
    specs = topology.events.values()
    return hand_offs | {spec.topic for spec in specs if spec.record in _TOLD and not spec.is_partner_own}


def _fact(stored: Stored, codec: Codec | None) -> Fact[Event | None]:
    time = datetime.fromtimestamp(stored.time_ms / 1000, UTC)
    key = (stored.key or b"").decode(errors="backslashreplace")
    source, cause = text(stored.headers, "ce_source"), text(stored.headers, "ce_causationid")
    record, place = _decoded(stored, codec, time), (stored.topic, stored.partition, stored.offset)
    return Fact(*place, time, key, message_id(stored), record, source, cause)


def _decoded(stored: Stored, codec: Codec | None, time: datetime) -> Event | None:
    try:
        return codec.decode(stored.topic, stored.value, time) if codec else None
    except (Undecodable, UnknownSchema):
        return None


def _letter(group: str, stored: Stored) -> list[Letter]:
    facts = facts_of(stored.headers)
    key = (stored.key or b"").decode(errors="backslashreplace")
    return [Letter(group, (facts.topic, facts.partition, facts.offset), key)] if facts else []
