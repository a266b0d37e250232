"""A handler that hangs ends its process; the next one begins with that try as failed, and everything else goes on."""

from collections.abc import Iterator

import pytest

from streams.domain.events import LeadOffered, LeadWidened
from tests.flow import Flow, placed, under_orders
from tests.stories.market import APPS, await_said, leads_of, leads_only, said, toy_shops
from tests.worker import until


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    modules = {
        **under_orders("matching", "translate", "streams/subscribers/matching.py"),
        **under_orders("leads", "decide", "streams/leads.py"),
    }
    wanted = leads_only("2s", "1h", (1, "city"), (5, "country"))
    context = wanted["contexts"]["provider"]
    context["sagas"]["leads"]["handler_timeout"] = context["subscribers"]["matching"]["handler_timeout"] = "2s"
    with Flow(broker, tmp_path_factory.mktemp("hanging"), wanted, modules) as flow:
        flow.send(*toy_shops("campinas", "SP", 1), *toy_shops("santos", "SP", 2))
        yield flow


@pytest.fixture(autouse=True)
def _nobody_runs_on(flow: Flow) -> Iterator[None]:
    yield
    flow.kill_workers()


def test_a_worker_whose_handler_hangs_ends_and_the_next_one_goes_on(flow: Flow) -> None:
    flow.run(*(app for app in APPS if app != "matching"))
    flow.tell({"app": "matching", "key": "stuck", "do": "sleep", "seconds": 3600, "times": 1})
    flow.send(*placed("stuck", "free-1", "free-2"))
    hung = flow.faust("subscribers.matching")
    assert hung.wait_exit() == 70
    assert "hung on order.placed.v1" in hung.log
    flow.faust("subscribers.matching")
    await_said(flow, LeadOffered, *leads_of("stuck", "free-1", "free-2"))
    (retry,) = flow.records("matching.retry.1")
    assert dict(retry.headers)["xd_error_type"] == b"HandlerTimeout"


def test_a_timer_whose_handler_hangs_is_put_off_and_other_timers_fire(flow: Flow) -> None:
    order = {"app": "leads", "key": "lead-slow", "event": "TimerDue", "do": "sleep", "seconds": 3600, "times": 2}
    flow.tell(order)
    worker = flow.run(*APPS)
    flow.send(*placed("slow", "quick-1", "quick-2"))
    until(lambda: "hung on lead-slow/window/1" in worker.log, "the process begins again")
    await_said(flow, LeadWidened, *leads_of("slow", "quick-1", "quick-2"))
    assert [len(said(flow, LeadWidened, lead)) for lead in leads_of("slow", "quick-1")] == [1, 1]
    assert [call["event"] for call in flow.calls("leads", "lead-slow")][:3] == ["LeadSlip", "TimerDue", "TimerDue"]
