"""What the topics say so far: where every lead is, and what is still missing."""

from collections import Counter
from collections.abc import Mapping

from streams.contracts import names
from streams.contracts.topology import Topology
from streams.domain import lead_state as stages
from streams.ops.laws.reading import message_id, partner_topics
from streams.runtime.reading import Stored

PLACED = "placed"
_STAGE = {
    "OrderPlaced": PLACED,
    "LeadOffered": stages.AWAITING,
    "LeadEscalated": stages.ESCALATED,
    "LeadAccepted": stages.ACCEPTED,
    "LeadExpired": stages.EXPIRED,
    "LeadCancelled": stages.CANCELLED,
}
STAGES = tuple(_STAGE.values())
ENDED = STAGES[3:]


class Tally:
    """`records` counts public records by type, `retries` and `dead` by group; `taken` has ids by partner."""

    def __init__(self, topology: Topology) -> None:
        self.records: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        self.dead: Counter[str] = Counter()
        self.noted = 0
        self.first_accepted_ms: int | None = None
        self._stages: dict[str, str] = {}
        self._sources = {
            stanza.group: [source.topic for source in stanza.sources if not source.is_own]
            for stanza in topology.stanzas.values()
            if stanza.kind == "partner"
        }
        self._partners = dict(partner_topics(topology.stanzas.values()))
        self.taken: dict[str, set[str]] = {partner: set() for partner in self._partners.values()}
        self._by_topic: Counter[str] = Counter()
        public = (spec for spec in topology.events.values() if not (spec.is_internal or spec.is_partner_own))
        self._record_of = {spec.topic: spec.record for spec in public}
        self._dead_of = {names.dead(group): group for group in topology.stanzas}

    def is_followed(self, topic: str) -> bool:
        """Whether `note` makes anything of this topic's records."""
        known = (self._record_of, self._partners, self._dead_of)
        return any(topic in each for each in known) or names.group_of_lane(topic) is not None

    def note(self, stored: Stored) -> None:
        """Records come partition by partition: a lead may have ended before its offers are seen."""
        self.noted += 1
        lane = names.group_of_lane(stored.topic)
        if stored.topic in self._record_of:
            self._lead(self._record_of[stored.topic], stored)
        elif stored.topic in self._partners:
            self.taken[self._partners[stored.topic]].add(message_id(stored))
        elif stored.topic in self._dead_of:
            self.dead[self._dead_of[stored.topic]] += 1
        elif lane:
            self.retries[lane] += 1

    def leads(self) -> Mapping[str, int]:
        """How many are in each stage; those that are only `placed` have no offer yet."""
        return Counter(self._stages.values())

    def expected(self) -> dict[str, int]:
        """How many messages each partner should have, or have in its dead letters."""
        return {partner: sum(self._by_topic[topic] for topic in topics) for partner, topics in self._sources.items()}

    def missing(self, taken: Mapping[str, int]) -> list[str]:
        """What still has to happen, in words; `taken` counts distinct messages by partner, those of webhooks too."""
        leads = self.leads()
        still = [f"{leads[stage]} {stage}" for stage in STAGES if leads[stage] and stage not in ENDED]
        found = [f"leads that have not ended: {', '.join(still)}"] if still else []
        for partner, expected in self.expected().items():
            has, dead = taken.get(partner, 0), self.dead[partner]
            if partner in taken and has + dead < expected:
                found.append(f"{partner} has {has} of {expected} messages ({dead} in its dead letters)")
        return found

    def _lead(self, record: str, stored: Stored) -> None:
        self.records[record] += 1
        self._by_topic[stored.topic] += 1
        if record == "LeadAccepted":
            self.first_accepted_ms = min(self.first_accepted_ms or stored.time_ms, stored.time_ms)
        if record in _STAGE and stored.key is not None:
            key = stored.key.decode(errors="replace")
            lead = names.lead_id(key) if record == "OrderPlaced" else key
            before = self._stages.get(lead, PLACED)
            self._stages[lead] = max(before, _STAGE[record], key=STAGES.index)
