"""A partner's worker that is stopped waits for what is on its way, so that nothing is delivered twice for it."""

import threading
from collections.abc import Iterator

import pytest

from streams.domain.events import EPOCH, LeadAccepted
from tests.flow import SECRET, Flow
from tests.stories.market import partners_only
from tests.stories.partner_server import Answer, PartnerServer
from tests.stories.test_partners import X
from tests.worker import until

OWN = f"{X}.lead.accepted.v1"


class Door(threading.Event):
    """Says whether anybody waits before it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_reached = False

    def wait(self, timeout: float | None = None) -> bool:
        self.is_reached = True
        return super().wait(timeout)


@pytest.fixture(scope="module")
def server() -> Iterator[PartnerServer]:
    with PartnerServer(SECRET) as server:
        yield server


@pytest.fixture(scope="module")
def flow(broker: str, server: PartnerServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    wanted = partners_only()
    wanted["partners"][X]["channel"] |= {"webhook": server.url, "probe_every": "500ms", "timeout": "20s"}
    with Flow(broker, tmp_path_factory.mktemp("stops"), wanted) as flow:
        yield flow


def won(lead: str) -> LeadAccepted:
    return LeadAccepted(lead_id=lead, order_id=lead, provider_id="p", wave=1, accepted_at=EPOCH)


@pytest.mark.parametrize("kind", ["faust", "run"])
def test_a_delivery_on_its_way_is_finished_before_its_worker_ends(flow: Flow, server: PartnerServer, kind: str) -> None:
    slow, door = f"slow-{kind}", Door()
    server.tell(Answer(until=door), slow)
    worker = flow.faust(f"partners:{X}") if kind == "faust" else flow.run(X)
    flow.send(won(slow))
    until(lambda: door.is_reached, "the delivery is on its way")
    threading.Timer(1.0, door.set).start()
    assert worker.stop() == 0
    again = flow.run(X)
    flow.send(won(f"after-{kind}"))
    until(lambda: any(call.key == f"after-{kind}" for call in server.taken), "the next worker delivers what is next")
    flow.wait_idle(X)
    assert again.stop() == 0
    assert [call.key for call in server.calls if call.key == slow] == [slow]


def test_garbage_in_a_partners_own_topic_is_buried_and_what_follows_is_delivered(
    flow: Flow, server: PartnerServer
) -> None:
    flow.run(X)
    key = b"lead-behind"
    written = [flow.write(OWN, value, key) for value in (b"garbage", None, b"\0\x7f\xff\xff\xff garbage")]
    flow.write(OWN, flow.encode(OWN, won("lead-behind")), key)
    until(lambda: any(call.key == "lead-behind" for call in server.taken), "the record behind it is delivered")
    flow.wait_idle(X)
    assert {letter.id: (letter.facts.stage, letter.facts.attempts) for letter in flow.letters(X)} == dict.fromkeys(
        written, ("decode", 1)
    )
