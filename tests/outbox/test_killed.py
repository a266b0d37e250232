"""Orders cancelled in a real database, a relay that dies for good at the worst moments, and a real broker."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.contracts.headers import text
from tests.flow import Flow, small
from tests.outbox.shops import Shop
from tests.worker import until

GROUP, APP, CANCELLED = "customer.outbox", "inbound:customer_outbox", "order.cancelled.v1"
# the shipped transport, which dies by kill -9 as soon as a file of this name is there
DYING = """
import os
import signal

from streams.outbox.receiver import OutboxReceiver


def _die_at(moment):
    file = os.path.join(os.environ["CROSSDOCK_HOME"], "die " + moment)
    if os.path.exists(file):
        os.unlink(file)
        os.kill(os.getpid(), signal.SIGKILL)


class Dying(OutboxReceiver):
    async def receive(self, at_most):
        found = await super().receive(at_most)
        if found:
            _die_at("before the commit")
        return found

    async def acknowledge(self, received):
        _die_at("after the commit")
        await super().acknowledge(received)


OutboxReceiver = Dying
"""


@pytest.fixture
def flow(shop: Shop, broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flow]:
    monkeypatch.setenv("SHOP_DB_USER", shop.role)
    monkeypatch.setenv("SHOP_DB_PASSWORD", "change me")
    wanted = small()
    wanted["contexts"]["customer"]["outbox"] = {
        shop.transport: shop.url,
        "user_env": "SHOP_DB_USER",
        "password_env": "SHOP_DB_PASSWORD",
    }
    path = f"streams/receivers/{shop.transport}.py"
    source = (Path(__file__).parents[2] / path).read_text(encoding="utf-8")
    dying = source.replace("from streams.outbox.receiver import OutboxReceiver\n", DYING)
    assert dying != source
    with Flow(broker, tmp_path, wanted, {path: dying}) as flow:
        yield flow


def test_what_a_database_committed_is_published_once_although_the_relay_is_killed_twice(flow: Flow, shop: Shop) -> None:
    for number, moment in enumerate(("before the commit", "after the commit"), 1):
        (flow.home / f"die {moment}").touch()
        worker = flow.faust(APP)
        writer = shop.writer()
        shop.write("a", 10 + number, within=writer)
        writer.rollback()
        shop.write("a", number, within=writer)
        writer.commit()
        writer.close()
        assert worker.wait_exit() == -signal.SIGKILL
    flow.faust(APP)
    shop.write("a", 3)
    until(lambda: len(flow.records(CANCELLED)) >= 3 and shop.left() == 0, "everything is published")
    flow.wait_idle(GROUP)
    ids = [text(stored.headers, "ce_id") for stored in flow.records(CANCELLED)]
    assert ids == ["a-1", "a-2", "a-3"]
    assert [event.reason for event in flow.events(CANCELLED)] == ["1", "2", "3"]
