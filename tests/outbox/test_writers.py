"""Who writes into an outbox: the event is checked where it is written, and stands or falls with its transaction."""

import json
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from streams import outbox
from streams.domain.events import OrderCancelled, ProviderProfile
from tests.flow import placed
from tests.outbox.shops import Shop, taken
from tests.postgres_server import PASSWORD

CANCELLED = OrderCancelled(order_id="4711", reason="late")
PROFILE = ProviderProfile(provider_id="p", categories=["toys"], city="campinas", state="SP", accepting=True)


async def test_an_event_is_written_with_its_transaction_by_a_drivers_cursor(shop: Shop) -> None:
    insert = outbox.for_postgres if shop.kind == "postgres" else outbox.for_mysql
    with closing(shop.writer()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(*insert(CANCELLED, id="never"))
        connection.rollback()
        cursor.execute(*insert(CANCELLED, id="once", headers={"traceparent": "00-1-2-01"}))
        connection.commit()
    (row,) = await shop.relay("poll").receive(10)
    assert (row.id, row.type, row.key) == ("once", "order.cancelled.v1", "4711")
    assert json.loads(row.payload) == {"order_id": "4711", "reason": "late"}
    assert row.headers == {"traceparent": "00-1-2-01"}


async def test_an_event_is_written_with_its_transaction_by_psycopgs_async_connection(shop: Shop) -> None:
    if shop.kind != "postgres":
        return
    url = shop.url.replace("//", "//postgres@")
    async with await psycopg.AsyncConnection.connect(url, password=PASSWORD) as connection:
        await connection.execute(*outbox.for_postgres(CANCELLED, id="once"))
    assert await taken(shop.relay("poll"), 1) == ["once"]


async def test_an_event_is_written_with_its_transaction_by_a_session_of_sqlalchemy(shop: Shop) -> None:
    driver = "postgresql+psycopg" if shop.kind == "postgres" else "mysql+pymysql"
    user = "postgres" if shop.kind == "postgres" else "root"
    engine = create_engine(f"{driver}://{user}:{PASSWORD}@{shop.url.partition('//')[2]}")
    (order,) = placed("4711")
    with Session(engine) as session:
        session.execute(outbox.for_sqlalchemy(order, id="never"))
        session.rollback()
        session.execute(outbox.for_sqlalchemy(order, id="once"))
        session.commit()
    engine.dispose()
    (row,) = await shop.relay("poll").receive(10)
    assert (row.id, row.type, row.key) == ("once", "order.placed.v1", "4711")
    assert '"total_cents"' in row.payload


def test_a_wrong_event_fails_where_it_is_written() -> None:
    with pytest.raises(outbox.WrongEvent, match=r"OrderCancelled\.reason"):
        outbox.entry(replace(CANCELLED, reason=7))  # type: ignore[arg-type]
    with pytest.raises(outbox.WrongEvent, match="the key has 0 characters"):
        outbox.entry(replace(CANCELLED, order_id=""))
    with pytest.raises(outbox.WrongEvent, match="the id has 300 characters"):
        outbox.entry(CANCELLED, id="x" * 300)
    with pytest.raises(outbox.WrongEvent, match="no event of the map carries int"):
        outbox.entry(7)
    with pytest.raises(outbox.WrongEvent, match=r"order\.lost\.v1 carries no ProviderProfile"):
        outbox.entry(PROFILE, type="order.lost.v1")


def test_every_event_gets_an_id_of_its_own_unless_it_is_given() -> None:
    assert len({outbox.entry(CANCELLED).id for _ in range(3)}) == 3
    assert outbox.entry(CANCELLED, id="payment-17").id == "payment-17"
