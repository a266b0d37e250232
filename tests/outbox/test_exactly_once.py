"""A database's transaction and its event: both or neither, and the event once, whenever the relay is killed."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import cycle
from pathlib import Path

import pytest
import yaml

from streams import inbound
from streams.contracts import current, names
from streams.contracts.arrivals import Arrivals
from streams.contracts.headers import text
from streams.contracts.settings import Settings
from streams.receivers import open_receiver
from streams.runtime.app_metrics import AppMetrics
from streams.runtime.receiving import Receiving, Ways
from streams.testing import Flow
from streams.testing.process import Killed, Process
from tests.outbox.shops import Shop
from tests.service.maps import ROOT

GROUP, CANCELLED = "customer.outbox", "order.cancelled.v1"
ENV = {"SHOP_DB_PASSWORD": "change me"}
PATIENCE_S = 30
ORDERS, CHANGES = ("a", "b", "c"), 15


class Relaying:
    """Both stages: the relay against a real database, Kafka and the app in memory."""

    def __init__(self, flow: Flow, shop: Shop) -> None:
        self.flow, self.shop, self.process = flow, shop, Process("relay")
        self.stanza = flow.topology.stanzas[GROUP]
        self._is_over = False

    async def until(self, done: Callable[[], bool]) -> None:
        """The relay works until this is so, and ends in good order; raises Killed where it was told to die."""
        self._is_over = False
        running = asyncio.create_task(self._receiving().run(lambda: None if self._is_over else True))
        async with asyncio.timeout(PATIENCE_S):
            while not (running.done() or done()):
                await asyncio.sleep(0.01)
        self._is_over = True
        await running

    async def drained(self) -> None:
        await self.until(lambda: self.shop.left() == 0)

    @property
    def published(self) -> list[tuple[str, str]]:
        """Id and number of every event that a reader of committed records sees, each partition in its order."""
        self.flow.settle()
        ids = [text(stored.headers, "ce_id") or "" for stored in self.flow.records(CANCELLED)]
        return list(zip(ids, (event.reason for event in self.flow.events(CANCELLED)), strict=True))

    def _receiving(self) -> Receiving:
        env = ENV | {"SHOP_DB_USER": self.shop.role}
        ways = Ways(
            lambda: open_receiver(self.stanza, Settings(), env),
            lambda: self.flow.cluster.producer(self.process, f"{GROUP}-received"),
        )
        arrivals = Arrivals(self.stanza.admits, self.flow.codec)
        return Receiving(names.received(GROUP), ways, arrivals, AppMetrics(GROUP))


@pytest.fixture
def relaying(shop: Shop, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relaying]:
    wanted = yaml.safe_load((ROOT / "tests/map.yaml").read_text(encoding="utf-8"))
    outbox = {"user_env": "SHOP_DB_USER", "password_env": "SHOP_DB_PASSWORD"}
    outbox |= {shop.transport: shop.url, "by": "log" if mode == "log" else "polling"}
    wanted["contexts"]["customer"]["outbox"] = outbox
    (tmp_path / "topology.yaml").write_text(yaml.safe_dump(wanted), encoding="utf-8")
    monkeypatch.setenv("CROSSDOCK_TOPOLOGY", str(tmp_path / "topology.yaml"))
    current.topology.cache_clear()
    inbound.app_of.cache_clear()  # apps of a process are built once; tests that name another map share this process
    with Flow(GROUP) as flow:
        yield Relaying(flow, shop)


@pytest.mark.parametrize("moment", ["before producer.commit_transaction", "after producer.commit_transaction"])
async def test_an_event_appears_once_wherever_the_relay_was_killed(relaying: Relaying, moment: str) -> None:
    writer = relaying.shop.writer()
    relaying.shop.write("a", 9, within=writer)
    writer.rollback()
    writer.close()
    relaying.shop.write("a", 1, 2)
    relaying.shop.write("b", 1)
    relaying.process.kill_at(moment)
    with pytest.raises(Killed):
        await relaying.until(lambda: False)
    assert relaying.shop.left() == 3  # nothing was acknowledged
    relaying.process = Process("its successor")
    relaying.shop.write("a", 3)
    await relaying.drained()
    assert [found for found in relaying.published if found[0][0] == "a"] == [("a-1", "1"), ("a-2", "2"), ("a-3", "3")]
    assert [found for found in relaying.published if found[0][0] != "a"] == [("b-1", "1")]


async def test_the_same_message_twice_has_one_effect(relaying: Relaying) -> None:
    relaying.shop.write("a", 1, id="payment-17")
    await relaying.drained()
    relaying.shop.write("a", 1, id="payment-17")
    relaying.shop.write("a", 2)
    await relaying.drained()
    assert relaying.published == [("payment-17", "1"), ("a-2", "2")]


async def test_what_many_writers_commit_at_once_comes_whole_and_in_order_through_kills(relaying: Relaying) -> None:
    """Each order counts its own changes, under its row's lock as applications do; transactions end in any order."""
    shop = relaying.shop
    shop.run("CREATE TABLE orders (id varchar(20) PRIMARY KEY, n int NOT NULL)")
    for order in ORDERS:
        shop.run("INSERT INTO orders VALUES (%s, 0)", order)
    writers = [threading.Thread(target=change, args=(shop, seed)) for seed in range(3)]
    for writer in writers:
        writer.start()
    for moment in cycle(("before", "after")):
        if not any(writer.is_alive() for writer in writers):
            break
        relaying.process = Process(f"killed {moment} its commit")
        relaying.process.kill_at(f"{moment} producer.commit_transaction")
        with suppress(Killed):
            await relaying.until(lambda: not any(writer.is_alive() for writer in writers))
    relaying.process = Process("the last one")
    await relaying.drained()
    seen = {order: [id for id, _ in relaying.published if id.startswith(order)] for order in ORDERS}
    counts = dict(shop.run("SELECT id, n FROM orders"))
    assert sum(counts.values()) == 3 * CHANGES
    assert seen == {order: [f"{order}-{number}" for number in range(1, counts[order] + 1)] for order in ORDERS}


def change(shop: Shop, seed: int) -> None:
    """One writer: changes an order, dawdles, commits or thinks better of it."""
    chance = random.Random(seed)
    with closing(shop.writer()) as connection:
        done = 0
        while done < CHANGES:
            order = chance.choice(ORDERS)
            with closing(connection.cursor()) as cursor:
                cursor.execute("SELECT n FROM orders WHERE id = %s FOR UPDATE", (order,))
                number = cursor.fetchone()[0] + 1
                cursor.execute("UPDATE orders SET n = %s WHERE id = %s", (number, order))
            shop.write(order, number, within=connection)
            time.sleep(chance.random() * 0.02)
            if chance.random() < 0.2:
                connection.rollback()
            else:
                connection.commit()
                done += 1
