"""A flow in memory: the real engines, an order in, and what came out."""

from streams.testing.flow import Flow
from tests.subscribers.orders import order


def test_an_order_becomes_a_command() -> None:
    with Flow("matching") as flow:
        flow.send(order("toys"))
        flow.settle()
        (started,) = flow.events("lead.start")
        assert started.lead_id == "lead-" + order("toys").order_id
