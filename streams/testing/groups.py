"""The group coordinator of the classic protocol: members, generations, the range assignor, static membership."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException

from streams.testing.clock import Alarm, VirtualClock
from streams.testing.errors import abortable, refused
from streams.testing.offsets import Offsets
from streams.testing.topics import Place


class Subscriber(Protocol):
    """A client, as its coordinator sees it."""

    def must_rejoin(self) -> None: ...
    def assigned(self, generation: int, places: list[Place]) -> None: ...
    def fenced(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Metadata:
    """What `consumer_group_metadata` hands out."""

    group: str
    generation: int
    member: str
    instance: str | None


@dataclass(slots=True)
class Member:
    id: str
    instance: str | None
    client: Subscriber
    topics: list[str]
    session_s: float
    is_waiting: bool = False
    places: list[Place] = field(default_factory=list)
    expiry: Alarm | None = None


class Group:
    """A rebalance is over when every member has joined again, or has been silent for a whole session."""

    def __init__(self, name: str, clock: VirtualClock, counts: Callable[[], Mapping[str, int]]) -> None:
        self.name, self.offsets, self.generation = name, Offsets(), 0
        self.members: dict[str, Member] = {}
        self.is_rebalancing = False
        self._clock, self._counts, self._joined = clock, counts, 0

    def join(self, member: Member) -> None:
        """A member without an id is new, or takes the place of the one with its instance id, which is fenced."""
        older = next((m for m in self.members.values() if m.instance and m.instance == member.instance), None)
        if older is not None and older.id != member.id:
            if member.id:
                member.client.fenced()
                return
            self._replace(older, member)
            return
        self._name(member)
        member.is_waiting = True
        self._rebalance()

    def leave(self, member: Member) -> None:
        if self.members.get(member.id) is member:
            self._remove(member)

    def silent(self, member: Member) -> None:
        """No heartbeats come from now on."""
        if member.expiry is None and self.members.get(member.id) is member:
            member.expiry = self._clock.after(member.session_s, lambda: self.leave(member))

    def heard(self, member: Member) -> bool:
        """A heartbeat after a silence; False where the member is one no longer."""
        if self.members.get(member.id) is not member:
            return False
        if member.expiry is not None:
            member.expiry.cancel()
            member.expiry = None
        return True

    def check(self, member: Metadata) -> None:
        """Raises KafkaException where offsets of this member are not taken any more."""
        owner = next((m for m in self.members.values() if m.instance and m.instance == member.instance), None)
        if owner is not None and owner.id != member.member:
            raise abortable(KafkaError.FENCED_INSTANCE_ID, f"{member.instance} is another member now")
        if member.member and member.member not in self.members:
            raise abortable(KafkaError.UNKNOWN_MEMBER_ID, f"{member.member} is no member of {self.name}")
        if member.generation >= 0 and member.generation != self.generation:
            raise abortable(KafkaError.ILLEGAL_GENERATION, f"generation {member.generation} of {self.name} is over")

    def check_commit(self, member: Metadata) -> None:
        """Outside a transaction the same things are refused."""
        try:
            self.check(member)
        except KafkaException as failure:
            raise refused(failure.args[0].code(), failure.args[0].str()) from failure

    def _replace(self, older: Member, member: Member) -> None:
        del self.members[older.id]
        if older.expiry is not None:
            older.expiry.cancel()
        older.client.fenced()
        self._name(member)
        member.places, member.is_waiting = older.places, self.is_rebalancing
        if self.is_rebalancing:
            self._complete()
        elif member.topics == older.topics:
            member.client.assigned(self.generation, member.places)
        else:
            member.is_waiting = True
            self._rebalance()

    def _name(self, member: Member) -> None:
        if not member.id:
            self._joined += 1
            member.id = f"{member.instance or self.name}-{self._joined}"
        self.members[member.id] = member

    def _remove(self, member: Member) -> None:
        del self.members[member.id]
        if member.expiry is not None:
            member.expiry.cancel()
        self._rebalance()

    def _rebalance(self) -> None:
        if not self.is_rebalancing:
            self.is_rebalancing = True
            for member in list(self.members.values()):
                if not member.is_waiting:
                    member.client.must_rejoin()
        self._complete()

    def _complete(self) -> None:
        """Once everybody waits for it, and until then nobody is assigned anything."""
        if not self.is_rebalancing or not all(member.is_waiting for member in self.members.values()):
            return
        self.is_rebalancing = False
        self.generation += 1
        shares = ranges(list(self.members.values()), self._counts())
        for member in list(self.members.values()):
            member.is_waiting, member.places = False, shares[member.id]
        for member in list(self.members.values()):
            member.client.assigned(self.generation, member.places)


def ranges(members: list[Member], counts: Mapping[str, int]) -> dict[str, list[Place]]:
    """Kafka's range assignor: of each topic a contiguous share, the first in the order of their ids get more."""
    shares: dict[str, list[Place]] = {member.id: [] for member in members}
    for topic in sorted({topic for member in members for topic in member.topics}):
        takers = sorted((m for m in members if topic in m.topics), key=lambda m: (m.instance or "", m.id))
        each, more = divmod(counts.get(topic, 0), len(takers))
        start = 0
        for number, member in enumerate(takers):
            size = each + (number < more)
            shares[member.id] += [(topic, p) for p in range(start, start + size)]
            start += size
    return shares


class Groups:
    def __init__(self, clock: VirtualClock, counts: Callable[[], Mapping[str, int]]) -> None:
        self._clock, self._counts = clock, counts
        self._by_name: dict[str, Group] = {}

    def of(self, name: str) -> Group:
        if name not in self._by_name:
            self._by_name[name] = Group(name, self._clock, self._counts)
        return self._by_name[name]
