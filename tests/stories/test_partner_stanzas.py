"""Check 12: a partner comes and goes by one stanza of the map, and a wrong one is told with its line."""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
import yaml

from streams.contracts.json_values import as_json
from streams.domain.events import EPOCH, Event, LeadAccepted
from streams.ops.partners import partners
from tests.flow import SECRET, Flow, Map, placed
from tests.stories.market import partners_only
from tests.stories.partner_server import HANGS_UP, Answer, PartnerServer
from tests.worker import Worker, until

PLACED, WON, INCOMING = "order.placed.v1", "lead.accepted.v1", "partner-y.incoming.leads"
NEW = "acme"
_numbers = count()


@pytest.fixture(scope="module")
def server() -> Iterator[PartnerServer]:
    with PartnerServer(SECRET) as server:
        yield server


@pytest.fixture(scope="module")
def flow(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    """Nobody but partner_y at first; orders and LeadAccepted come from outside."""
    wanted = partners_only()
    del wanted["partners"]["partner_x"]
    with Flow(broker, tmp_path_factory.mktemp("stanzas"), wanted) as flow:
        flow.send(*both(5))
        yield flow


@pytest.fixture(scope="module")
def older(flow: Flow) -> Worker:
    """The worker of partner_y, that ran before anybody was added."""
    worker = flow.run("partner_y")
    worker.wait_ready()
    return worker


@pytest.fixture(scope="module")
def acme(flow: Flow, server: PartnerServer, older: Worker) -> Worker:
    """The worker of a partner that was added then."""
    flow.redraw(with_partner(flow, stanza(server)))
    return flow.run(NEW)


def both(number: int) -> list[Event]:
    """So many orders that acme hears of, as many that it does not, and a LeadAccepted of each of the former."""
    ids = [str(next(_numbers)) for _ in range(number)]
    won = [LeadAccepted(lead_id=f"lead-{n}", order_id=n, provider_id="p", wave=1, accepted_at=EPOCH) for n in ids]
    cheap = [replace(order, total_cents=99) for order in placed(*(f"cheap-{n}" for n in ids))]
    return [*cheap, *placed(*ids), *won]


def stanza(server: PartnerServer, **more: Any) -> dict[str, Any]:
    channel = {"webhook": server.url, "secret_env": "PARTNER_X_SECRET", "allow_private": True, "probe_every": "500ms"}
    total = {"cel": "double(event.total_cents) / 100.0", "type": "double"}
    fields = {PLACED: {"order_id": "order_id", "town": "customer.city", "who": "customer", "total": total}}
    where = {PLACED: "event.total_cents >= 100"}
    leaves = {"where": where, "fields": fields, "pii": ["customer.zip_prefix"]}
    return {"on": [PLACED, WON], **leaves, "channel": channel, "retry": "quick"} | more


def with_partner(flow: Flow, partner: dict[str, Any] | None) -> Map:
    """The map with this one as `acme`, or without it."""
    wanted = deepcopy(flow.map)
    wanted["partners"].pop(NEW, None)
    if partner is not None:
        wanted["partners"][NEW] = partner
    return wanted


def heard(server: PartnerServer) -> Counter[tuple[str, str]]:
    """What acme has taken: (event, key) and how often."""
    return Counter((call.type, call.key) for call in server.taken)


def stands(flow: Flow) -> tuple[str, int]:
    """Acme's state and backlog."""
    found = partners(flow.cluster, flow.topology, datetime.now(UTC))
    return next((one.state, one.backlog) for one in found if one.partner == NEW)


def everything(flow: Flow) -> Counter[tuple[str, str]]:
    """What acme is to hear."""
    keys = [(topic, (record.key or b"").decode()) for topic in (PLACED, WON) for record in flow.records(topic)]
    return Counter((topic, key) for topic, key in keys if not key.startswith("cheap"))


def await_everything(flow: Flow, server: PartnerServer) -> None:
    wanted = everything(flow)
    until(lambda: heard(server).keys() == wanted.keys(), "acme has heard everything")
    assert heard(server) == wanted, "each once"


def test_a_partner_is_added_by_one_stanza_and_hears_two_events(
    flow: Flow, server: PartnerServer, older: Worker, acme: Worker
) -> None:
    await_everything(flow, server)
    flow.send(*both(5))
    await_everything(flow, server)
    order = next(call for call in server.taken if call.type == PLACED)
    who = {"customer_id": "", "city": "campinas", "state": "SP", "zip_prefix": "13000"}
    words = {"order_id": order.key, "town": "campinas", "who": who, "total": 120.0}
    assert order.fields == words, "in its own words"
    waited = flow.events(f"{NEW}.{PLACED}")
    assert words in [as_json(record) for record in waited], "and it waited there by a schema of its own"
    assert len(waited) == sum(kind == PLACED for kind, _ in heard(server).elements()), "what does not fit never left"
    until(lambda: len(flow.records(INCOMING)) == 10, "partner_y goes on")
    assert older.metric("crossdock_engine_restarts_total") == 0
    assert older.metric("crossdock_transactions_aborted_total") == 0
    assert acme.exit_code is None


def test_a_partner_without_a_stanza_is_missed_while_its_records_wait(
    flow: Flow, server: PartnerServer, acme: Worker
) -> None:
    server.tell(Answer(HANGS_UP))
    flow.send(*both(4))
    until(lambda: stands(flow) == ("down", 8), "everything waits for acme")
    assert acme.stop() == 0
    kept = flow.map
    flow.redraw(with_partner(flow, None))
    refused = flow.cli("run", "partner_y")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "8 records wait for partner acme" in refused.stderr and "--abandon acme" in refused.stderr
    flow.run("partner_y", "--abandon", NEW).wait_ready()
    flow.redraw(kept)
    server.recover()
    back = flow.run(NEW)
    await_everything(flow, server)
    until(lambda: stands(flow) == ("up", 0), "nothing waits any more")
    assert back.stop() == 0


def text_of(flow: Flow, partner: dict[str, Any]) -> str:
    return yaml.safe_dump(with_partner(flow, partner), sort_keys=False)


@pytest.mark.parametrize("command", ["run", "faust"])
def test_a_wrong_stanza_fails_at_start_up_with_its_line(flow: Flow, server: PartnerServer, command: str) -> None:
    wrong = stanza(server, on=["order.place.v1"], where="true", fields={"order_id": "order_id"})
    flow.settings.topology.write_text(text_of(flow, wrong), encoding="utf-8")
    worker = flow.run(NEW) if command == "run" else flow.faust(f"partners:{NEW}")
    assert worker.wait_exit() not in (0, None)
    lines = flow.settings.topology.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "order.place.v1" in text)
    told = f"topology.yaml:{line}: partner {NEW}: order.place.v1 is no event; did you mean order.placed.v1?"
    assert told in worker.log.splitlines()[-1]
