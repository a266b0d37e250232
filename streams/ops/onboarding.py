"""partners plan, partners apply: what the stanzas of partners ask for against what is there."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from streams.contracts import names
from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.contracts.topology import Stanza, Topology
from streams.ops import compose, orphans, schemas, topics
from streams.runtime.acls_admin import AclsAdmin, Permit
from streams.runtime.outside import Cluster

REFUSED, REMARK = "refused", "remark"


class OnboardingRefused(Exception):
    """The plan has what cannot be done; the message names each and the way out."""


@dataclass(frozen=True, slots=True)
class Step:
    """What stands otherwise than a partner's stanza asks; a `refused` one stops `apply`, a `remark` changes nothing."""

    kind: str
    name: str
    what: str


class Onboarding:
    """Of all partners of a map, and of those that it no longer has. Methods raise Unavailable, RegistryUnavailable."""

    def __init__(self, settings: Settings, topology: Topology, abandoned: Collection[str], now: datetime) -> None:
        self._settings, self._topology, self._abandoned, self._now = settings, topology, abandoned, now
        self._partners = of_partners(topology)
        self._cluster, self._acls = Cluster(settings), AclsAdmin(settings)

    def plan(self) -> list[Step]:
        leaving = [*self._leaving(), *self._staying(), *self._retiring()]
        return [*leaving, *self._topics(), *self._subjects(), *self._permits(), *self._files()]

    def apply(self, progress: topics.Progress) -> list[Step]:
        """Does what the plan says and returns it; raises OnboardingRefused before anything is changed."""
        steps = self.plan()
        refused = [f"{step.name}: {step.what}" for step in steps if step.kind == REFUSED]
        if refused:
            raise OnboardingRefused("\n".join(refused))
        topics.apply(self._settings, self._partners, progress)
        schemas.publish(self._settings, self._partners)
        standing = self._acls.standing()
        if standing is not None:
            self._acls.allow(permits(self._topology, self._names) - standing)
            self._acls.revoke(self._stale(standing))
        compose.write(compose.stale(self._topology))
        return steps

    @property
    def _names(self) -> Names:
        return Names(self._settings.prefix)

    @property
    def _lost(self) -> list[Stanza]:
        return orphans.lost_partners(self._topology, self._cluster.topics)

    def _leaving(self) -> Iterator[Step]:
        counts = orphans.waiting(self._cluster, self._lost, self._now)
        for partner in (stanza.group for stanza in self._lost):
            count = counts.get(partner, 0)
            if count and partner not in self._abandoned:
                way_out = f"put its stanza back with retiring: true until they are gone, or --abandon {partner}"
                yield Step(REFUSED, partner, f"the map no longer has it, and {count} records wait; {way_out}")
            else:
                left = f"{count} records that wait are left" if count else "nothing waits for it"
                yield Step(REMARK, partner, f"the map no longer has it; {left}; its topics stay until you delete them")

    def _staying(self) -> Iterator[Step]:
        """Those that are to be abandoned and have not left; an option that does nothing should say so."""
        for name in sorted(set(self._abandoned) - {stanza.group for stanza in self._lost}):
            is_known = name in self._partners.stanzas
            what = "the map still has it, and nothing is abandoned" if is_known else "no partner of that name has left"
            yield Step(REMARK, name, f"--abandon: {what}")

    def _retiring(self) -> Iterator[Step]:
        """They take nothing in, and what they have is still delivered."""
        leaving = [stanza for stanza in self._partners.stanzas.values() if all(each.is_own for each in stanza.sources)]
        leaving = [stanza for stanza in leaving if names.control(stanza.group) in self._cluster.topics]
        counts = orphans.waiting(self._cluster, leaving, self._now)
        for partner in (stanza.group for stanza in leaving):
            waits = f"; {counts[partner]} records wait" if partner in counts else ""
            yield Step(REMARK, partner, f"it is retiring{waits or ', and nothing waits for it: its stanza may go'}")

    def _topics(self) -> Iterator[Step]:
        for change in topics.planned(self._settings, self._partners):
            yield Step(change.kind, change.topic, change.what)

    def _subjects(self) -> Iterator[Step]:
        for found in schemas.check(self._settings, self._partners):
            if found.state == "incompatible":
                yield Step(REFUSED, found.subject, "; ".join(found.problems))
            elif found.state != "unchanged":
                yield Step("publish", found.subject, f"{found.state}: {found.record}")

    def _permits(self) -> Iterator[Step]:
        wanted, standing = permits(self._topology, self._names), self._acls.standing()
        if standing is None:
            for principal in sorted({permit.principal for permit in wanted}):
                yield Step(REMARK, principal, "the cluster has no authorizer: everybody may read everything")
            return
        for permit in sorted(wanted - standing):
            yield Step("allow", permit.name, str(permit))
        for permit in sorted(self._stale(standing)):
            yield Step("revoke", permit.name, str(permit))

    def _stale(self, standing: set[Permit]) -> set[Permit]:
        """What we gave to partners that the map no longer has."""
        wanted = permits(self._topology, self._names)
        gone = {self._names.group(f"{stanza.group}.") for stanza in self._lost}
        left = {permit.principal for permit in standing if permit.kind == "group" and permit.name in gone}
        left -= {permit.principal for permit in wanted}
        return {permit for permit in standing - wanted if permit.principal in left}

    def _files(self) -> Iterator[Step]:
        for name in compose.stale(self._topology):
            yield Step("write", f"docker/{name}", "is not as the map asks")


def of_partners(topology: Topology) -> Topology:
    """The part of the map that is the partners' own."""
    stanzas = {group: stanza for group, stanza in topology.stanzas.items() if stanza.kind == "partner"}
    events = {topic: spec for topic, spec in topology.events.items() if spec.is_partner_own}
    return Topology(events, stanzas, replication=topology.replication)


def permits(topology: Topology, prefix: Names) -> set[Permit]:
    """For each partner on our own cluster who has a `principal`: its topic, and groups that begin with its name."""
    found: set[Permit] = set()
    for stanza in topology.stanzas.values():
        channel = stanza.channel
        if channel is not None and (principal := channel.options.get("principal")):
            topic = prefix.topic(channel.options["topic"])
            found |= {Permit(principal, "topic", topic, "read"), Permit(principal, "topic", topic, "describe")}
            found.add(Permit(principal, "group", prefix.group(f"{stanza.group}."), "read"))
    return found
