"""A partner's trouble is its own: its messages wait in order, everybody else's go on, and it drains by itself."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from statistics import median

import pytest

from streams.contracts.partitioner import partition_of
from streams.domain.events import EPOCH, LeadAccepted
from streams.ops.partners import Partner, partners
from streams.runtime.outside import Stored
from tests.flow import ROOT, SECRET, Flow
from tests.stories.market import partners_only
from tests.stories.partner_server import HANGS_UP, Answer, Call, PartnerServer
from tests.worker import Worker, until

WON, X, Y = "lead.accepted.v1", "partner_x", "partner_y"
INCOMING = "partner-y.incoming.leads"
DELAYS = ["1500ms", "3s"]
TRIES = 1 + len(DELAYS)
_numbers = count()


@pytest.fixture(scope="module")
def server() -> Iterator[PartnerServer]:
    with PartnerServer(SECRET) as server:
        yield server


@pytest.fixture(scope="module")
def flow(broker: str, server: PartnerServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    source = (ROOT / "streams/partners.py").read_text(encoding="utf-8")
    told = source.replace("\n\n@cache", f'\ntranslate = told("{X}", translate)\n\n\n@cache', 1)
    assert told != source
    modules = {"streams/partners.py": "from told import told\n" + told}
    wanted = partners_only(DELAYS)
    wanted["partners"][X]["channel"] |= {"webhook": server.url, "probe_every": "500ms", "timeout": "20s"}
    with Flow(broker, tmp_path_factory.mktemp("partners"), wanted, modules) as flow:
        flow.run(Y)
        yield flow


@pytest.fixture(scope="module")
def first_worker(flow: Flow) -> Worker:
    return flow.run(X)


@pytest.fixture(autouse=True)
def worker(first_worker: Worker, server: PartnerServer) -> Iterator[Worker]:
    """Of partner_x; the partner is well before and after each story."""
    yield first_worker
    server.recover()


def won(key: str, wave: int = 1) -> LeadAccepted:
    return LeadAccepted(lead_id=key, order_id=key, provider_id="p", wave=wave, accepted_at=EPOCH)


def home(key: str) -> int:
    return partition_of(key.encode(), 2)


def fresh(keys: int) -> list[str]:
    return [f"lead-{next(_numbers)}" for _ in range(keys)]


def taken(server: PartnerServer, keys: list[str]) -> list[Call]:
    return [call for call in server.taken if call.key in keys]


def laned(flow: Flow, keys: list[str]) -> list[str]:
    """The lanes that hold retry records of these keys."""
    lanes = [f"{X}.retry.{n}" for n in range(1, TRIES)]
    return [lane for lane in lanes for record in flow.records(lane) if (record.key or b"").decode() in keys]


def stands(flow: Flow, partner: str) -> Partner:
    """How it is, as `partners list` finds it."""
    return next(one for one in partners(flow.cluster, flow.topology, datetime.now(UTC)) if one.partner == partner)


def listed(flow: Flow) -> dict[str, tuple[str, int]]:
    """State and backlog of each, as `partners list` tells them."""
    return {line["partner"]: (line["state"], line["backlog"]) for line in flow.json("partners", "list")}


def await_all(server: PartnerServer, keys: list[str], waves: int = 1, patience_s: float = 60.0) -> None:
    """Until each key was delivered in each wave; each once, and each key in order."""
    until(lambda: len(taken(server, keys)) >= len(keys) * waves, f"{waves} deliveries of {len(keys)} keys", patience_s)
    for key in keys:
        assert [call.fields["wave"] for call in taken(server, [key])] == list(range(1, waves + 1)), key


def caused_ms(stored: Stored) -> float:
    """When the event that a partner's record speaks of was appended."""
    return datetime.fromisoformat((dict(stored.headers)["ce_time"] or b"").decode()).timestamp() * 1000


def await_incoming(flow: Flow, records: int) -> None:
    until(lambda: len(flow.records(INCOMING)) == records, f"{records} deliveries to partner_y")


def incoming(flow: Flow, keys: list[str]) -> list[tuple[str, int]]:
    """What has come to partner_y of these keys: each one's waves in their order."""
    found = [flow.decode(replace(stored, topic=WON)) for stored in flow.records(INCOMING)]
    return sorted(((won.lead_id, won.wave) for won in found if won.lead_id in keys), key=lambda one: one[0])


def await_prompt(flow: Flow, keys: list[str]) -> int:
    """Until a wave reaches partner_y as if nothing were: a machine is slow at times, a trouble is there in every wave.

    Returns the waves so far.
    """
    for wave in range(2, 10):
        flow.send(*(won(key, wave) for key in keys))
        await_incoming(flow, 1 + len(keys) * wave)
        came = sorted(flow.records(INCOMING), key=lambda stored: stored.time_ms)[-len(keys) :]
        late = [stored.time_ms - caused_ms(stored) for stored in came]
        if wave >= 4 and median(late) < 500:
            return wave
    raise AssertionError(f"partner_y is served late in every wave, at last by {late} ms")


def test_a_dead_partners_messages_wait_in_order_and_drain_by_themselves(flow: Flow, server: PartnerServer) -> None:
    unlucky, *others = keys = fresh(10)
    others_fail = threading.Event()
    server.tell(Answer(HANGS_UP))
    server.tell(Answer(HANGS_UP, until=others_fail), *others)
    flow.send(*map(won, keys))
    until(lambda: flow.laned(X), "the first failure is one of its record, nothing more is known yet")
    others_fail.set()
    waves = await_prompt(flow, others)
    probes = len(server.calls) + 4
    until(lambda: len(server.calls) >= probes, "probes go on")
    assert len({call.key for call in server.calls[-4:]}) == 4, "different keys probe in turn"
    assert listed(flow) == {X: ("down", 1 + waves * len(others)), Y: ("up", 0)}
    server.recover()
    server.tell(Answer(400), unlucky)
    await_all(server, others, waves)
    tries = {call.id for call in server.calls if call.key in others}
    assert tries == {call.id for call in taken(server, others)}, "every attempt of a message has its one id"
    (letter,) = until(lambda: flow.letters(X), "the one that is refused from then on has used up its ladder")
    refusals = [call for call in server.calls if call.key == unlucky and call.status == 400]
    assert (letter.facts.attempts, len(refusals)) == (TRIES, TRIES), "the outage spent no attempt"
    server.recover()
    assert flow.cli("dead", "replay", letter.id).returncode == 0
    await_all(server, [unlucky])
    assert {call.id for call in server.calls if call.key == unlucky} == {taken(server, [unlucky])[0].id}
    until(lambda: (stands(flow, X).state, stands(flow, X).backlog) == ("up", 0), "nothing waits any more")


def test_a_partner_that_is_gone_is_sent_nothing_until_it_is_resumed(
    flow: Flow, server: PartnerServer, worker: Worker
) -> None:
    keys, letters = fresh(6), flow.letters(X)
    server.tell(Answer(410))
    flow.send(*map(won, keys))
    until(lambda: stands(flow, X).state == "paused", "the partner is paused")
    assert "410" in stands(flow, X).reason
    assert laned(flow, keys) == [], "no attempt spent"
    server.recover()
    worker.kill()
    calls = len(server.calls)
    again = flow.run(X)
    again.wait_ready()
    flow.send(*(won(key, 2) for key in keys))
    until(lambda: len(flow.records("partner_x.lead.accepted.v1")) == len(flow.records(WON)), "translation goes on")
    assert (stands(flow, X).state, len(server.calls)) == ("paused", calls)
    assert flow.cli("partners", "resume", X).returncode == 0
    await_all(server, keys, waves=2)
    assert (laned(flow, keys), flow.letters(X)) == ([], letters)


def test_pausing_one_partner_by_hand_leaves_the_others_alone(flow: Flow, server: PartnerServer) -> None:
    keys, calls = sorted(fresh(6)), len(server.calls)
    told = flow.cli("partners", "pause", X)
    assert (told.returncode, told.stdout) == (0, f"told the 2 tasks of {X} to pause\n")
    until(lambda: stands(flow, X).state == "paused", "its worker has heard it")
    for wave in (1, 2):
        flow.send(*(won(key, wave) for key in keys))
    everything = [(key, wave) for key in keys for wave in (1, 2)]
    until(lambda: len(incoming(flow, keys)) == len(everything), "partner_y gets everything")
    until(lambda: len(flow.records(f"{X}.lead.accepted.v1")) == len(flow.records(WON)), "translation goes on")
    assert incoming(flow, keys) == everything, "in order per key"
    assert listed(flow) == {X: ("paused", len(everything)), Y: ("up", 0)}
    assert len(server.calls) == calls
    assert flow.cli("partners", "resume", X).returncode == 0
    await_all(server, keys, waves=2)
    until(lambda: listed(flow) == {X: ("up", 0), Y: ("up", 0)}, "nothing waits any more")


def test_a_partner_that_asks_for_time_gets_it(flow: Flow, server: PartnerServer) -> None:
    busy, *others = fresh(5)
    server.tell(Answer(429, {"Retry-After": "2"}, times=1), busy)
    flow.send(won(busy))
    until(lambda: laned(flow, [busy]) == ["partner_x.retry.2"], "the first lane that is long enough")
    flow.send(*map(won, others))
    await_all(server, others)
    assert not taken(server, [busy])
    await_all(server, [busy])
    first, second = (call.at for call in server.calls if call.key == busy)
    assert second - first >= 3.0, "the delay of its lane"


def test_a_hanging_key_delays_nobody(flow: Flow, server: PartnerServer) -> None:
    unlucky, *others = fresh(8)
    hanging = f"hanging-{next(n for n in range(99) if home(f'hanging-{n}') == home(unlucky))}"
    release = threading.Event()
    server.tell(Answer(until=release), hanging)
    server.tell(Answer(400, times=1), unlucky)
    flow.send(won(unlucky))
    until(lambda: laned(flow, [unlucky]), "it has failed")
    flow.send(won(hanging))
    flow.send(won(unlucky, 2))
    for wave in (1, 2, 3):
        flow.send(*(won(key, wave) for key in others))
    await_all(server, others, waves=3, patience_s=15)
    await_all(server, [unlucky], waves=2, patience_s=15)
    assert not taken(server, [hanging])
    release.set()
    await_all(server, [hanging])


def test_a_message_that_cannot_be_translated_at_first_is_not_lost_behind_one_on_its_way(
    flow: Flow, server: PartnerServer
) -> None:
    (key,), release = fresh(1), threading.Event()
    server.tell(Answer(until=release, times=1), key)
    flow.send(won(key))
    until(lambda: flow.calls(X, key), "the first is translated")
    flow.tell({"app": X, "key": key, "do": "raise", "times": 2})
    flow.send(won(key, 2))
    until(lambda: laned(flow, [key]), "the second is to be translated again")
    release.set()
    await_all(server, [key], waves=2)


def test_what_waited_behind_a_failed_message_follows_without_a_pause(flow: Flow, server: PartnerServer) -> None:
    (key,), waves = fresh(1), 31
    server.tell(Answer(400, times=1), key)
    flow.send(*(won(key, wave) for wave in range(1, waves + 1)))
    await_all(server, [key], waves)
    deliveries = [call.at for call in taken(server, [key])]
    assert deliveries[-1] - deliveries[0] < 6.0
