"""What stops a relay is said with what to do about it, and nothing is lost meanwhile."""

from dataclasses import replace

import pytest
from pymysqlreplication import BinLogStreamReader

from streams.outbox import mysql, postgres
from streams.outbox.opened import look
from streams.outbox.place import Place
from streams.outbox.relay import ByLog
from streams.outbox.relayed import Relayed
from streams.outbox.row import OutboxDown
from streams.outbox.table import Table
from tests.mariadb_server import MariadbServer
from tests.outbox.shops import Shop, taken


def problem(shop: Shop, place: Place) -> str:
    return look(shop.transport, place).problem


async def test_a_table_that_is_missing_is_told_with_the_verb_that_prints_it(shop: Shop, mode: str) -> None:
    shop.write("a", 1)
    shop.run("ALTER TABLE outbox RENAME TO elsewhere")
    relay = shop.relay(mode)
    with pytest.raises(OutboxDown, match=r"python cli\.py outbox sql"):
        await relay.receive(10)
    shop.run("ALTER TABLE elsewhere RENAME TO outbox")
    assert await taken(relay, 1) == ["a-1"]


def test_what_is_not_granted_is_told(shop: Shop) -> None:
    assert problem(shop, shop.place()) == ""
    assert "a-role" in problem(shop, replace(shop.place(), user="a-role"))
    if shop.kind == "postgres":
        shop.run(f"ALTER ROLE {shop.role} NOREPLICATION")
        assert "outbox sql postgres prints what to grant" in problem(shop, shop.place())
    else:
        shop.run(f"REVOKE REPLICATION SLAVE ON *.* FROM {shop.role}")
        assert "outbox sql mysql prints what to grant" in problem(shop, shop.place())
    assert problem(shop, replace(shop.place(), is_polled=True)) == ""


def test_a_publication_that_only_the_owner_can_make_is_told_in_sql(shop: Shop) -> None:
    if shop.kind == "postgres":
        shop.run("DROP PUBLICATION crossdock_outbox")
        assert "CREATE PUBLICATION crossdock_outbox FOR TABLE outbox" in problem(shop, shop.place())
        shop.run("CREATE PUBLICATION crossdock_outbox")
        assert "ALTER PUBLICATION crossdock_outbox ADD TABLE outbox" in problem(shop, shop.place())


def test_a_server_without_such_a_log_is_told_what_it_lacks(shop: Shop) -> None:
    setting = "wal_level=replica" if shop.kind == "postgres" else "--binlog-format=MIXED"
    shop.server.kill()
    shop.server.start(setting)
    found = problem(shop, shop.place())
    shop.server.kill()
    shop.server.start()
    assert "by: polling" in found and ("wal_level = logical" in found or "binlog_format is MIXED" in found)


def test_a_look_tells_what_waits(shop: Shop) -> None:
    shop.write("a", 1, 2)
    found = look(shop.transport, shop.place())
    assert found.waiting == 2 and found.oldest_seconds is not None and 0 <= found.oldest_seconds < 60
    assert shop.left() == 2


async def test_a_log_reader_that_breaks_is_heard(mariadb: MariadbServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(_: BinLogStreamReader) -> None:
        raise TypeError("bytes that nobody knows")

    monkeypatch.setattr(BinLogStreamReader, "fetchone", odd)
    relay = Shop("mariadb", mariadb).relay("log")
    with pytest.raises(TypeError, match="bytes that nobody knows"):
        await taken(relay, 1)
    await relay.close()


async def test_what_the_log_withholds_is_fetched_from_the_table(shop: Shop) -> None:
    opened = postgres if shop.kind == "postgres" else mysql
    place = shop.place()
    dialect = opened.dialect(place)
    table = Table(dialect, place.table)
    relay = Relayed(ByLog(table, opened.log_of(table, place), sweep_seconds=0.5), dialect)
    relay.seconds = 0.2
    shop.relays.append(relay)
    for _ in range(3):
        assert await relay.receive(10) == []
    if shop.kind == "postgres":
        shop.run("ALTER PUBLICATION crossdock_outbox DROP TABLE outbox")
        shop.write("a", 1)
    else:
        writer = shop.writer()
        with writer.cursor() as cursor:
            cursor.execute("SET SESSION sql_log_bin = 0")
        shop.write("a", 1, within=writer)
        writer.commit()
        writer.close()
    assert await taken(relay, 1) == ["a-1"]


async def test_a_relay_that_is_away_holds_back_no_log_of_postgres(shop: Shop) -> None:
    if shop.kind == "postgres":
        relay = shop.relay("log")
        for _ in range(3):
            await relay.receive(10)
        slots = f"SELECT active FROM pg_replication_slots WHERE database = '{shop.name}'"
        assert shop.run(slots) == [(True,)]
        await relay.close()
        assert shop.run(slots) == []
