"""Providers that answer offers as people do, late, twice or not at all: `cli.py simulate providers`."""

import heapq
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from random import Random

from streams.contracts.codec import Codec, Undecodable
from streams.contracts.envelope import Cause, cause_of
from streams.contracts.registry import UnknownSchema
from streams.contracts.settings import Settings
from streams.contracts.topology import Topology
from streams.domain.events import Event, LeadOffered, ProviderAcceptedLead, ProviderDeclinedLead
from streams.ops.sender import Sender, open_sender
from streams.runtime.codecs import codec_of
from streams.runtime.incoming import Incoming
from streams.runtime.reading import Place, Stored

GROUP = "simulated-providers"
_REASONS = ("no_capacity", "too_far", "not_worth_it")
_LONGEST_NAP_S = 0.2
_SETTLE_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of offers that are accepted and declined (the rest is left unanswered) and of acceptances sent twice."""

    accept: float = 0.6
    decline: float = 0.2
    delay_s: tuple[float, float] = (0.05, 2.0)
    duplicate: float = 0.05
    seed: int = 0


@dataclass(slots=True)
class Answered:
    """What the providers have done so far; `silent` offers are those left unanswered."""

    offers: int = 0
    accepted: int = 0
    declined: int = 0
    silent: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One record to send `after_s` seconds after the offer was read."""

    after_s: float
    record: Event


def replies(offer: LeadOffered, habits: Habits) -> list[Reply]:
    """What the offered provider does; the seed and the offer determine it, so an offer read again is answered alike."""
    chance = Random(f"{habits.seed}/{offer.lead_id}/{offer.provider_id}/{offer.wave}")
    mood, after_s = chance.random(), chance.uniform(*habits.delay_s)
    if mood < habits.accept:
        accepted = ProviderAcceptedLead(lead_id=offer.lead_id, provider_id=offer.provider_id)
        is_repeated = chance.random() < habits.duplicate
        delays = [after_s, after_s + chance.uniform(*habits.delay_s)] if is_repeated else [after_s]
        return [Reply(delay, accepted) for delay in delays]
    if mood < habits.accept + habits.decline:
        reason = chance.choice(_REASONS)
        declined = ProviderDeclinedLead(lead_id=offer.lead_id, provider_id=offer.provider_id, reason=reason)
        return [Reply(after_s, declined)]
    return []


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    offer: Stored = field(compare=False)
    index: int = field(compare=False)
    cause: Cause = field(compare=False)
    record: Event = field(compare=False)


class Providers:
    """Reads offers and sends what is due; an offer is settled once all its replies are sent."""

    def __init__(self, incoming: Incoming, codec: Codec, sender: Sender, habits: Habits) -> None:
        self._incoming, self._codec, self._sender = incoming, codec, sender
        self._habits = habits
        self._due: list[_Due] = []
        self._read: dict[Place, int] = {}
        self._settled: dict[Place, int] = {}
        self._numbers = count()
        self.answered = Answered()

    def run(self, stop: threading.Event, progress: Callable[[Answered], None]) -> None:
        """Answer until `stop`; raises Unavailable, RegistryUnavailable or SendFailed if Kafka gives up."""
        settle_at = time.monotonic() + _SETTLE_EVERY_S
        while not stop.is_set():
            now = time.monotonic()
            self._send_due(now)
            if now >= settle_at:
                self._settle()
                settle_at = now + _SETTLE_EVERY_S
                progress(self.answered)
            self._take(self._nap(now))
        self._settle()
        progress(self.answered)

    def _nap(self, now: float) -> float:
        due = self._due[0].at - now if self._due else _LONGEST_NAP_S
        return min(max(due, 0.0), _LONGEST_NAP_S)

    def _take(self, wait_s: float) -> None:
        for stored in self._incoming.read(wait_s):
            place = stored.topic, stored.partition
            self._read[place] = stored.offset + 1
            at = datetime.fromtimestamp(stored.time_ms / 1000, UTC)
            try:
                offer = self._codec.decode(stored.topic, stored.value, at)
            except (Undecodable, UnknownSchema):
                continue
            if isinstance(offer, LeadOffered):
                self._plan(offer, stored, cause_of(stored.headers, *place, stored.offset, at))

    def _plan(self, offer: LeadOffered, stored: Stored, cause: Cause) -> None:
        planned, now = replies(offer, self._habits), time.monotonic()
        self.answered.offers += 1
        self.answered.silent += not planned
        for index, reply in enumerate(planned):
            due = _Due(now + reply.after_s, next(self._numbers), stored, index, cause, reply.record)
            heapq.heappush(self._due, due)

    def _send_due(self, now: float) -> None:
        while self._due and self._due[0].at <= now:
            due = heapq.heappop(self._due)
            self._sender.send(due.record, due.cause, due.index)
            is_acceptance = isinstance(due.record, ProviderAcceptedLead)
            self.answered.accepted += is_acceptance and due.index == 0
            self.answered.repeated += due.index > 0
            self.answered.declined += not is_acceptance

    def _settle(self) -> None:
        safe = dict(self._read)
        for due in self._due:
            place = due.offer.topic, due.offer.partition
            safe[place] = min(safe[place], due.offer.offset)
        if safe != self._settled:
            self._incoming.settle(safe)
            self._settled = safe


def simulate(
    settings: Settings, topology: Topology, habits: Habits, progress: Callable[[Answered], None], stop: threading.Event
) -> Answered:
    """Answer the offers of this cluster until `stop`, from where the last simulation left off."""
    (offers,) = (event.topic for event in topology.topics_of("LeadOffered") if not event.is_partner_own)
    with open_sender(settings, topology, GROUP) as sender, closing(Incoming(settings, offers, GROUP)) as incoming:
        providers = Providers(incoming, codec_of(settings, topology), sender, habits)
        providers.run(stop, progress)
    return providers.answered
