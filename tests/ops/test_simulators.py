"""The stand-ins for providers and partners, against a real broker and over real HTTP."""

import asyncio
import base64
import io
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from streams.channels.webhook import Webhook
from streams.contracts import schema_files, topology_file
from streams.contracts.codec import Codec
from streams.contracts.names import Names
from streams.contracts.partitioner import partition_of
from streams.contracts.registry import InMemory
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel, Topology
from streams.domain.delivery import Delivery
from streams.domain.events import Event, LeadOffered, OrderPlaced, ProviderAcceptedLead, ProviderDeclinedLead
from streams.domain.failure import Unreachable
from streams.ops import orders
from streams.ops.feed import Pace, feed
from streams.ops.sender import Sender
from streams.ops.simulate_partner import Behaviour, Ledger, Partner, serve
from streams.ops.simulate_providers import Answered, Habits, Providers, replies
from streams.ops.stopping import RealClock
from streams.runtime import clients
from streams.runtime.incoming import Incoming
from streams.runtime.outgoing import Outgoing
from streams.runtime.outside import Cluster
from streams.runtime.reading import Stored

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
TOPICS = ("order.placed.v1", "order.cancelled.v1", "provider.profile.v1")
LEAD_TOPICS = ("lead.offered.v1", "provider.accepted.v1", "provider.declined.v1")
NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)


class Market:
    """A corner of the shared broker with the topics of the shipped map, and a codec for them."""

    def __init__(self, broker: str, topics: tuple[str, ...]) -> None:
        self.settings = Settings(broker=broker, prefix=f"t{uuid4().hex[:8]}.")
        self.topology: Topology = topology_file.load(ROOT / "tests/map.yaml")
        self.names = Names(self.settings.prefix)
        local = schema_files.of_topics(schema_files.load(ROOT / "schemas"), self.topology)
        schemas = InMemory()
        schemas.register({self.names.subject(topic): schema for topic, schema in local.items()})
        self.codec = Codec(schemas, self.names, local)
        admin = clients.admin(self.settings)
        for made in admin.create_topics([NewTopic(self.names.topic(topic), 3, 1) for topic in topics]).values():
            made.result()

    @contextmanager
    def sender(self, group: str) -> Iterator[Sender]:
        producer = Outgoing(self.settings)
        yield Sender(group, self.codec, self.topology, self.names, producer)
        producer.close()

    def stored(self, topic: str) -> list[Stored]:
        cluster = Cluster(self.settings)
        return list(cluster.read(cluster.places(topic)))

    def records(self, topic: str) -> list[Event]:
        return [self.codec.decode(topic, stored.value or b"", NOW) for stored in self.stored(topic)]


def offer(lead: int, provider: int = 1) -> LeadOffered:
    lead_id, provider_id = f"lead-{lead}", f"p{provider}"
    return LeadOffered(lead_id=lead_id, order_id=str(lead), provider_id=provider_id, wave=1, expires_at=NOW)


def test_a_feed_writes_what_the_map_asks_for_and_a_repeat_has_the_same_ids(broker: str) -> None:
    market = Market(broker, TOPICS)
    rows = [replace(row, after_s=0.0) for row in orders.generate(3, 150)]
    for _ in range(2):
        with market.sender("feed") as sender:
            feed(rows, sender.send, Pace(), lambda *_: None, RealClock(threading.Event()))
    wanted = [row.record for row in rows if isinstance(row.record, OrderPlaced)]
    found = market.records("order.placed.v1")
    assert sorted(map(repr, found)) == sorted(map(repr, wanted * 2))
    stored = market.stored("order.placed.v1")
    assert set(Counter(dict(each.headers)["ce_id"] for each in stored).values()) == {2}
    assert all(each.partition == partition_of(each.key or b"", 3) for each in stored)
    headers = dict(stored[0].headers)
    assert UUID((headers["ce_id"] or b"").decode()).version == 5
    assert (headers["ce_type"], headers["ce_source"]) == (b"order.placed.v1", b"feed")
    assert len(market.records("provider.profile.v1")) == 200


def test_every_offer_is_answered_once_in_its_own_way_and_the_next_run_goes_on_from_there(broker: str) -> None:
    market, habits = Market(broker, LEAD_TOPICS), Habits(delay_s=(0.0, 0.2), duplicate=0.3, seed=5)
    with market.sender("leads") as sender:
        for lead in range(100):
            sender.send(offer(lead))
    first = simulate(market, habits, until=lambda seen: seen.offers == 100 and answers(seen) == 100)
    wanted = [reply.record for lead in range(100) for reply in replies(offer(lead), habits)]
    accepted, declined = market.records("provider.accepted.v1"), market.records("provider.declined.v1")
    assert sorted(map(repr, accepted + declined)) == sorted(map(repr, wanted))
    assert first.repeated == len(accepted) - first.accepted > 0
    with market.sender("leads") as sender:
        sender.send(offer(100))
    assert simulate(market, habits, until=lambda seen: seen.offers == 1).offers == 1


def test_an_answer_is_caused_by_its_offer(broker: str) -> None:
    market = Market(broker, LEAD_TOPICS)
    with market.sender("leads") as sender:
        sender.send(offer(1))
    simulate(market, Habits(accept=1, delay_s=(0, 0), duplicate=0), until=lambda seen: seen.accepted == 1)
    [offered], [accepted] = market.stored("lead.offered.v1"), market.stored("provider.accepted.v1")
    assert dict(accepted.headers)["ce_causationid"] == dict(offered.headers)["ce_id"]
    assert accepted.key == b"lead-1"


def test_an_offer_whose_answer_was_not_due_at_the_stop_is_answered_by_the_next_run(broker: str) -> None:
    market, slow = Market(broker, LEAD_TOPICS), Habits(accept=1, delay_s=(60, 60), duplicate=0)
    with market.sender("leads") as sender:
        sender.send(offer(1))
    assert simulate(market, slow, until=lambda seen: seen.offers == 1).accepted == 0
    quick = replace(slow, delay_s=(0, 0))
    assert simulate(market, quick, until=lambda seen: seen.accepted == 1).offers == 1


def answers(seen: Answered) -> int:
    return seen.accepted + seen.declined + seen.silent


def simulate(market: Market, habits: Habits, until: Callable[[Answered], bool]) -> Answered:
    stop = threading.Event()
    give_up_at = time.monotonic() + 30

    def progress(seen: Answered) -> None:
        if until(seen) or time.monotonic() > give_up_at:
            stop.set()

    with (
        market.sender("simulated-providers") as sender,
        closing(Incoming(market.settings, "lead.offered.v1", "simulated-providers")) as incoming,
    ):
        providers = Providers(incoming, market.codec, sender, habits)
        providers.run(stop, progress)
    return providers.answered


def test_habits_are_kept_on_the_average_and_an_offer_is_always_answered_alike() -> None:
    habits = Habits(accept=0.6, decline=0.2, delay_s=(1.0, 2.0), duplicate=0.1)
    planned = [replies(offer(lead), habits) for lead in range(2_000)]
    assert planned == [replies(offer(lead), habits) for lead in range(2_000)]
    accepting = [plan for plan in planned if plan and isinstance(plan[0].record, ProviderAcceptedLead)]
    declining = [plan for plan in planned if plan and isinstance(plan[0].record, ProviderDeclinedLead)]
    assert 1_100 < len(accepting) < 1_300
    assert 330 < len(declining) < 470
    assert 0.05 < sum(len(plan) == 2 for plan in accepting) / len(accepting) < 0.15
    assert all(1.0 <= plan[0].after_s <= 2.0 for plan in planned if plan)


@asynccontextmanager
async def partner(behaviour: Behaviour, log: Any = None) -> AsyncIterator[tuple[Partner, str, Webhook]]:
    running, stop = Partner(SECRET, behaviour, log=log), threading.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    served = asyncio.create_task(serve(running, 0, stop, port.set_result))
    url = f"http://127.0.0.1:{await port}"
    options = {"secret_env": "S", "allow_private": True}
    webhook = Webhook(Channel("webhook", url + "/leads", options, timedelta(seconds=2)), {"S": SECRET})
    try:
        yield running, url, webhook
    finally:
        await webhook.close()
        stop.set()
        await served


def delivery(number: str, lead: str = "lead-1", second: int = 0) -> Delivery:
    fields = {"lead_id": lead, "order_id": "1"}
    return Delivery(number, "lead.accepted.v1", NOW + timedelta(seconds=second), lead, Event(), fields, b"", [])


async def test_a_partner_counts_what_it_took_and_what_came_again() -> None:
    log = io.StringIO()
    async with partner(Behaviour(), log) as (_, url, webhook), ClientSession() as http:
        for number in ("a", "b", "a"):
            await webhook.deliver(delivery(number))
        async with http.get(url + "/stats") as response:
            stats = await response.json()
    counts = {"total": 3, "distinct": 2, "repeats": 1, "violations": 0, "unsigned": 0, "failed": 0}
    assert stats == counts | {"statuses": {"200": 3}}
    entries = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(entry["id"], entry["key"], entry["status"]) for entry in entries] == [
        ("a", "lead-1", 200),
        ("b", "lead-1", 200),
        ("a", "lead-1", 200),
    ]


async def test_a_forged_delivery_is_refused_and_counted() -> None:
    async with partner(Behaviour()) as (running, url, _), ClientSession() as http:
        response = await http.post(url + "/leads", json={"type": "lead.accepted.v1", "data": {}})
        assert response.status == 401
    assert (running.ledger.stats.unsigned, running.ledger.stats.total) == (1, 0)


async def test_a_partner_changes_its_behaviour_while_it_runs() -> None:
    async with partner(Behaviour()) as (_, url, webhook), ClientSession() as http:

        async def behave(wanted: dict[str, Any]) -> int:
            async with http.put(url + "/behaviour", json=wanted) as response:
                return response.status

        assert await behave({"fail_rate": 1, "status": 503, "retry_after": 7}) == 200
        with pytest.raises(Unreachable, match="HTTP 503") as caught:
            await webhook.deliver(delivery("a"))
        assert caught.value.after == timedelta(seconds=7)
        assert await behave({"fail_rate": 0, "down_for": 60}) == 200
        with pytest.raises(Unreachable, match="disconnected"):
            await webhook.deliver(delivery("a"))
        assert await behave({"fail_rate": 0}) == 200
        await webhook.deliver(delivery("a"))
        assert await behave({"mood": "bad"}) == 400
        assert await behave({"status": "x"}) == 400


def test_order_is_judged_per_key_by_what_was_taken_for_the_first_time() -> None:
    ledger = Ledger()
    for message, key, moment, status in [
        ("a", "k", "2026-01-01T00:00:01.000Z", 200),
        ("c", "k", "2026-01-01T00:00:03.000Z", 503),
        ("b", "k", "2026-01-01T00:00:02.000Z", 200),
        ("c", "k", "2026-01-01T00:00:03.000Z", 200),
        ("a", "k", "2026-01-01T00:00:01.000Z", 200),
        ("x", "other", "2026-01-01T00:00:00.000Z", 200),
    ]:
        ledger.note(message, key, moment, status)
    assert ledger.stats.violations == 0
    ledger.note("late", "k", "2026-01-01T00:00:02.500Z", 200)
    assert ledger.stats.violations == 1
