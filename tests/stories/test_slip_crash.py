"""Check 8: a process killed between two steps of a slip, or a step that fails, repeats nothing that was done."""

from collections.abc import Iterator
from functools import partial

import pytest

from streams.domain.events import ProviderProfile
from tests.flow import Flow, placed, small, under_orders
from tests.worker import Worker, until

STEPS = ("lead.match", "lead.notify_candidates", "lead.await_acceptance")
APPS = ("matching", "lead.start", "lead.match", "lead.notify_candidates", "leads")


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    modules = {
        **under_orders("lead.match", "match", "streams/steps/lead_match.py"),
        **under_orders("lead.notify_candidates", "notify_candidates", "streams/steps/lead_notify_candidates.py"),
        **under_orders("leads", "decide", "streams/leads.py"),
    }
    with Flow(broker, tmp_path_factory.mktemp("slip"), small(), modules) as flow:
        flow.send(ProviderProfile(provider_id="p", categories=["toys"], city="campinas", state="SP", accepting=True))
        yield flow


@pytest.fixture
def worker(flow: Flow) -> Iterator[Worker]:
    worker = flow.run(*APPS)
    yield worker
    worker.kill()


def calls(flow: Flow, lead: str) -> list[int]:
    """How often each step's handler was called for this lead."""
    return [len(flow.calls(app, lead)) for app in ("lead.match", "lead.notify_candidates", "leads")]


def effects(flow: Flow, lead: str) -> list[int]:
    """How many committed records of this lead each step's topic holds, and how many offers there are."""
    return [len([r for r in flow.records(t) if r.key == lead.encode()]) for t in (*STEPS, "lead.offered.v1")]


def is_offered(flow: Flow, lead: str) -> bool:
    return any(record.key == lead.encode() for record in flow.records("lead.offered.v1"))


@pytest.mark.parametrize(
    ("victim", "called"), [("leads", [1, 1, 2]), ("lead.notify_candidates", [1, 2, 1])], ids=["step 3", "step 2"]
)
def test_a_process_killed_as_a_step_begins_runs_on_from_there(
    flow: Flow, worker: Worker, victim: str, called: list[int]
) -> None:
    order, lead = f"killed-{victim}", f"lead-killed-{victim}"
    flow.tell({"app": victim, "key": lead, "do": "die", "times": 1})
    flow.send(*placed(order))
    assert worker.wait_exit() == -9
    done = STEPS.index("lead.await_acceptance" if victim == "leads" else victim)
    assert effects(flow, lead) == [1] * (done + 1) + [0] * (3 - done)
    again = flow.run(*APPS)
    until(partial(is_offered, flow, lead), "step 3 has run")
    flow.wait_idle(*APPS)
    again.kill()
    assert effects(flow, lead) == [1, 1, 1, 1]
    assert calls(flow, lead) == called


@pytest.mark.usefixtures("worker")
def test_a_failing_step_is_tried_again_alone(flow: Flow) -> None:
    flow.tell({"app": "lead.notify_candidates", "do": "raise", "times": 2})
    flow.send(*placed("retried"))
    until(partial(is_offered, flow, "lead-retried"), "step 3 has run")
    flow.wait_idle(*APPS)
    assert calls(flow, "lead-retried") == [1, 3, 1]
    assert effects(flow, "lead-retried") == [1, 1, 1, 1]
