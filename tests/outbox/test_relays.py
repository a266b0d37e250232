"""A relay against real databases: what is committed comes, in order per key; what is not acknowledged comes again."""

import pytest

from streams.outbox.relayed import Relayed
from streams.outbox.row import OutboxDown
from tests.outbox.shops import Shop, ids, taken


async def arrived(relay: Relayed, at_most: int = 100) -> list[str]:
    """The next rows, not acknowledged."""
    for _ in range(100):
        if rows := await relay.receive(at_most):
            return ids(rows)
    raise AssertionError("nothing came")


async def joined(relay: Relayed) -> None:
    """Receives until there is nothing left, twice: by then the log is read, as far as there is one."""
    for _ in range(2):
        while rows := await relay.receive(1000):
            await relay.acknowledge(rows)


async def test_a_committed_event_comes_with_all_that_was_written_and_leaves_the_table(shop: Shop, mode: str) -> None:
    relay = shop.relay(mode)
    await joined(relay)
    shop.run(
        f"INSERT INTO outbox (id, type, {'key' if shop.kind == 'postgres' else '`key`'}, payload, headers) VALUES"
        """ ('4711', 'order.placed.v1', 'käse', '{"city": "São Paulo"}', '{"traceparent": "00-1-2-01", "n": 1}')"""
    )
    (row,) = await relay.receive(100)
    assert (row.id, row.type, row.key) == ("4711", "order.placed.v1", "käse")
    assert (row.payload, row.headers) == ('{"city": "São Paulo"}', {"traceparent": "00-1-2-01"})
    assert shop.left() == 1
    await relay.acknowledge([row])
    assert shop.left() == 0


async def test_what_was_rolled_back_never_comes(shop: Shop, mode: str) -> None:
    relay = shop.relay(mode)
    await joined(relay)
    writer = shop.writer()
    shop.write("a", 1, within=writer)
    writer.rollback()
    shop.write("a", 2, within=writer)
    writer.commit()
    writer.close()
    shop.write("a", 3)
    assert await taken(relay, 2) == ["a-2", "a-3"]


async def test_what_was_written_before_any_relay_came_is_not_lost(shop: Shop, mode: str) -> None:
    shop.write("a", 1, 2, 3)
    relay = shop.relay(mode)
    assert await taken(relay, 3) == ["a-1", "a-2", "a-3"]


async def test_rows_come_again_until_they_are_acknowledged(shop: Shop, mode: str) -> None:
    relay = shop.relay(mode)
    await joined(relay)
    shop.write("a", 1)
    assert await arrived(relay) == await arrived(relay) == ["a-1"]
    await relay.close()  # as a crash would: the connections end and nothing is acknowledged
    shop.write("a", 2)
    following = shop.relay(mode)
    assert await taken(following, 2) == ["a-1", "a-2"]


async def test_a_transaction_that_began_first_and_commits_last_is_not_skipped(shop: Shop, mode: str) -> None:
    relay = shop.relay(mode)
    await joined(relay)
    slow = shop.writer()
    shop.write("slow", 1, within=slow)
    shop.write("quick", 1, 2)
    assert await taken(relay, 2) == ["quick-1", "quick-2"]
    slow.commit()
    slow.close()
    assert await taken(relay, 1) == ["slow-1"]


async def test_a_transaction_that_is_open_when_the_relay_comes_holds_nobody_up_and_is_not_lost(
    shop: Shop, mode: str
) -> None:
    slow = shop.writer()
    shop.write("slow", 1, within=slow)
    relay = shop.relay(mode)
    shop.write("quick", 1)
    assert await taken(relay, 1) == ["quick-1"]
    shop.write("quick", 2)
    assert await taken(relay, 1) == ["quick-2"]
    slow.commit()
    slow.close()
    assert await taken(relay, 1) == ["slow-1"]


async def test_a_large_transaction_comes_in_batches_and_whole(shop: Shop, mode: str) -> None:
    relay = shop.relay(mode)
    await joined(relay)
    writer = shop.writer()
    shop.write("a", *range(2500), within=writer)
    writer.commit()
    writer.close()
    assert await taken(relay, 2500, tries=100) == [f"a-{number}" for number in range(2500)]
    assert shop.left() == 0


async def test_a_relay_survives_its_database(shop: Shop, mode: str) -> None:
    relay = shop.relay(mode)
    await joined(relay)
    shop.write("a", 1)
    await arrived(relay)
    shop.server.kill()
    with pytest.raises(OutboxDown):
        await relay.acknowledge(await relay.receive(1))
    with pytest.raises(OutboxDown):
        await relay.receive(1)
    shop.server.start()
    shop.write("a", 2)
    assert await taken(relay, 2) == ["a-1", "a-2"]


async def test_kept_rows_are_marked_not_given_again_and_deleted_in_time(shop: Shop, mode: str) -> None:
    relay = shop.relay(mode, keep_seconds=3600)
    shop.write("a", 1, 2)
    await taken(relay, 2)
    await relay.close()
    assert shop.left() == 2
    following = shop.relay(mode, keep_seconds=3600)
    shop.write("a", 3)
    assert await taken(following, 1) == ["a-3"]
    await following.close()
    shop.run("UPDATE outbox SET relayed_at = '2026-01-01 00:00:00' WHERE id = 'a-1'")
    third = shop.relay(mode, keep_seconds=3600)
    await joined(third)
    assert sorted(found for (found,) in shop.run("SELECT id FROM outbox")) == ["a-2", "a-3"]


async def test_one_relay_reads_the_log_and_the_next_takes_over(shop: Shop) -> None:
    first, second = shop.relay("log"), shop.relay("log")
    await joined(first)
    with pytest.raises(OutboxDown, match="this one stands by"):
        await second.receive(100)
    shop.write("a", 1)
    assert await arrived(first) == ["a-1"]
    with pytest.raises(OutboxDown, match="this one stands by"):
        await second.receive(100)
    await first.close()
    assert await taken(second, 1) == ["a-1"]


async def test_a_polling_relay_takes_nothing_of_a_key_that_another_one_holds(shop: Shop) -> None:
    first, second = shop.relay("poll"), shop.relay("poll")
    shop.write("a", 1)
    rows = await first.receive(100)
    shop.write("a", 2)
    shop.write("b", 1)
    assert await taken(second, 1) == ["b-1"]
    assert await second.receive(100) == []
    await first.acknowledge(rows)
    assert await taken(second, 1) == ["a-2"]
