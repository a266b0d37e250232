"""A context lives on the broker that it has: its orders come in from there, its leads go out to it (check 13)."""

import asyncio
import json
import signal
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from streams.contracts.headers import text
from streams.contracts.json_values import as_json
from streams.contracts.names import lead_id
from streams.domain.commands import CancelLead
from streams.receivers import Received
from tests.flow import ROOT, Flow, placed
from tests.rabbitmq_server import RabbitServer
from tests.receivers.upstreams import (
    KafkaUpstream,
    RabbitUpstream,
    RedisUpstream,
    Sent,
    SqsUpstream,
    Upstream,
    line,
)
from tests.redis_server import RedisServer
from tests.sqs_server import SqsServer
from tests.stories.market import APPS, accepts, leads_only, toy_shops
from tests.worker import until

T = TypeVar("T")
IN, OUT = "customer.in", "customer.out"
# between what stands in Kafka for good and what is told upstream
_DIES = "            if os.path.exists(os.environ['CROSSDOCK_HOME'] + '/dies'): os.kill(os.getpid(), 9)\n"
_BREAKS = "            if os.path.exists(os.environ['CROSSDOCK_HOME'] + '/breaks'): raise ValueError('broken')\n"


@pytest.fixture
def flow(broker: str, tmp_path: Path) -> Iterator[Flow]:
    source = (ROOT / "streams/receivers/redis.py").read_text(encoding="utf-8")
    head, marker, tail = source.partition(
        "            await self._client.xack(self._stream, self._group, *(message.receipt"
    )
    assert marker
    mortal = {"streams/receivers/redis.py": f"import os\n{head}{_DIES}{_BREAKS}{marker}{tail}"}
    with Flow(broker, tmp_path, leads_only("1m", "5m", (5, "city")), mortal) as flow:
        yield flow


def done(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def move(flow: Flow, way_in: Upstream, way_out: Upstream, **more: Any) -> dict[str, Any]:
    """The customer context lives there from now on: one line of the map. What its workers' environment needs."""
    for way in (way_in, way_out):
        done(way.prepare())
    told = more or {"subscribes": ["lead.*"]}
    customer = flow.map["contexts"]["customer"] | told | {"transport": line(way_in, way_out)}
    moved = flow.map | {"contexts": flow.map["contexts"] | {"customer": customer}}
    if IN not in flow.topology.stanzas:
        flow.redraw(moved)
    flow.settings.topology.write_text(yaml.safe_dump(moved, sort_keys=False), encoding="utf-8")
    return dict(way_in.channel(is_stranger=False)[1])


def order_message(order_id: str) -> Sent:
    return Sent(f"message-{order_id}", order_id, json.dumps(as_json(placed(order_id)[0])).encode())


def await_offer(flow: Flow, order_id: str) -> None:
    until(lambda: order_id in [offer.order_id for offer in flow.events("lead.offered.v1")], f"{order_id} is offered")


async def heard(way_out: Upstream, count: int) -> list[Received]:
    """What has come to the context's own broker; a FIFO queue hands out the next of a key after the one before it."""
    receiver, came = way_out.open(), list[Received]()
    async with asyncio.timeout(60):
        while len(came) < count:
            if more := await receiver.receive(count):
                await receiver.acknowledge(more)
                came += more
    await receiver.close()
    return came


def test_moving_a_context_to_another_broker_changes_one_line_and_nobody_else(
    flow: Flow, broker: str, rabbitmq: RabbitServer, redis: RedisServer, sqs: SqsServer
) -> None:
    flow.send(*toy_shops("campinas", "SP", 1))
    others = flow.run(*APPS)
    homes: list[tuple[type[Any], Any]] = [
        (RabbitUpstream, rabbitmq), (RedisUpstream, redis), (SqsUpstream, sqs), (KafkaUpstream, broker),
    ]  # fmt: skip
    for number, (kind, server) in enumerate(homes):
        way_in, way_out, order_id = kind(server), kind(server), f"order-{number}"
        gateway = flow.run(IN, OUT, **move(flow, way_in, way_out))
        done(way_in.send(order_message(order_id)))
        await_offer(flow, order_id)
        flow.send(accepts(lead_id(order_id), "campinas-0"))
        came = done(heard(way_out, 2))
        told = [json.loads(each.body) if b"specversion" in each.body else None for each in came]
        types = [each["type"] if each else came[at].type for at, each in enumerate(told)]
        assert types == ["lead.offered.v1", "lead.accepted.v1"]
        assert [each["data"]["lead_id"] for each in told if each] in ([], [lead_id(order_id)] * 2)
        gateway.stop()
    assert others.exit_code is None and len(flow.events("order.placed.v1")) == len(homes)
    ids = {text(each.headers, "ce_id") for each in flow.records("order.placed.v1")}
    assert ids == {f"message-order-{number}" for number in range(len(homes))}


def test_a_command_goes_over_the_border_to_its_one_owner_both_ways(flow: Flow, rabbitmq: RabbitServer) -> None:
    flow.map["commands"] = {"lead.withdraw": {"record": "CancelLead", "key": "lead_id"}}
    way_in, way_out = RabbitUpstream(rabbitmq), RabbitUpstream(rabbitmq)
    env = move(flow, way_in, way_out, sends=["lead.cancel"], handles=["lead.withdraw"])
    flow.send(*toy_shops("campinas", "SP", 1))
    flow.run(*APPS, IN, OUT, **env)
    done(way_in.send(order_message("order-1")))
    await_offer(flow, "order-1")
    command = CancelLead(lead_id=lead_id("order-1"), order_id="order-1", reason="sold elsewhere")
    body = json.dumps(as_json(command)).encode()
    done(way_in.send(Sent("message-cancel", command.lead_id, body, "lead.cancel")))
    (cancelled,) = until(lambda: flow.events("lead.cancelled.v1"), "the saga, its owner, has cancelled the lead")
    assert (cancelled.lead_id, cancelled.reason) == (command.lead_id, "sold elsewhere")

    flow.write("lead.withdraw", flow.encode("lead.withdraw", command), command.lead_id.encode())
    (came,) = done(heard(way_out, 1))
    told = json.loads(came.body)
    assert (told["type"], told["data"]["reason"]) == ("lead.withdraw", "sold elsewhere")
    assert not flow.letters(IN) and not flow.letters(OUT) and len(flow.records("lead.cancel")) == 1


def test_killed_before_it_acknowledged_it_takes_each_order_once_and_buries_what_it_cannot_read(
    flow: Flow, redis: RedisServer
) -> None:
    way_in, way_out = RedisUpstream(redis), RedisUpstream(redis)
    env = move(flow, way_in, way_out)
    (flow.home / "dies").touch()
    worker = flow.run(IN, **env)
    sent = [order_message(f"order-{number}") for number in range(20)]
    done(way_in.send(*sent[:10], Sent("message-bad", "order-x", b"no order"), *sent[10:]))
    until(lambda: worker.exit_code is not None, "the worker is killed between commit and acknowledgement")
    assert worker.exit_code == -signal.SIGKILL
    (flow.home / "dies").unlink()
    flow.run(IN, **env)
    until(lambda: len(flow.records(f"{IN}.received")) > len(sent) + 1, "what it had not acknowledged has come again")
    until(lambda: len(flow.records("order.placed.v1")) >= len(sent), "every order is published")
    flow.wait_idle(IN)
    ids = [text(each.headers, "ce_id") for each in flow.records("order.placed.v1")]
    assert sorted(map(str, ids)) == sorted(each.id for each in sent)
    letters = flow.letters(IN)  # what comes again and still cannot be read is told again
    assert {(letter.stored.value, letter.facts.stage) for letter in letters} == {(b"no order", "decode")}
    assert "it is no JSON" in flow.cli("dead", "list", "--group", IN, "--json").stdout
    assert {line["records"] for line in flow.json("lag", IN)} == {0}
    assert all("it is no JSON" in letter.facts.error_message for letter in letters)

    redis.kill()
    redis.start()
    done(way_in.send(order_message("order-after")))
    until(lambda: len(flow.events("order.placed.v1")) == 21, "it goes on when the broker is back")


def test_a_receiver_that_breaks_ends_its_app_alone_which_begins_again(flow: Flow, redis: RedisServer) -> None:
    way_in, way_out = RedisUpstream(redis), RedisUpstream(redis)
    env = move(flow, way_in, way_out)
    (flow.home / "breaks").touch()
    worker = flow.run(IN, "matching", **env)
    done(way_in.send(order_message("order-first")))
    restarts = "crossdock_engine_restarts_total"
    until(lambda: worker.metric(restarts, f'app="{IN}"', 'reason="Unexpected"') > 1, "it breaks, and breaks again")
    assert worker.metric(restarts, 'app="matching"') == 0
    (flow.home / "breaks").unlink()
    done(way_in.send(order_message("order-second")))
    until(lambda: len(flow.records("lead.start")) == 2, "each is taken in, and its neighbour goes on")
    ids = {lead_id("order-first").encode(), lead_id("order-second").encode()}
    assert {command.key for command in flow.records("lead.start")} == ids
    assert len(flow.events("order.placed.v1")) == 2


def take_in(flow: Flow, way_in: Upstream, sent: list[Sent], so_far: int) -> None:
    done(way_in.send(*sent))
    until(lambda: len(flow.records("order.placed.v1")) >= so_far + len(sent), "whoever is there takes them in")


def test_who_is_left_of_two_workers_goes_on_where_the_other_was_killed(flow: Flow, redis: RedisServer) -> None:
    way_in, way_out = RedisUpstream(redis), RedisUpstream(redis)
    env = move(flow, way_in, way_out)
    sent = [order_message(f"order-{number}") for number in range(30)]
    workers = [flow.run(IN, **env), flow.run(IN, **env)]
    take_in(flow, way_in, sent[:10], 0)
    workers.sort(key=lambda each: each.metric("crossdock_messages_received_total"))
    left, receiving = workers
    receiving.kill()
    take_in(flow, way_in, sent[10:20], 10)
    flow.run(IN, **env)
    left.stop()
    take_in(flow, way_in, sent[20:], 20)
    flow.wait_idle(IN)
    ids = [text(each.headers, "ce_id") for each in flow.records("order.placed.v1")]
    assert sorted(map(str, ids)) == sorted(each.id for each in sent)
