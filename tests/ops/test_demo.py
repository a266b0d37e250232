"""The parts of the demo that need no Kafka; the whole of it is in tests/stories."""

import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from streams.contracts.topology_file import load
from streams.ops.demo.children import Children
from streams.ops.demo.failed import DemoFailed
from streams.ops.demo.figures import to_acceptance, to_first_offer
from streams.ops.demo.guard import Guard
from streams.ops.demo.load import own_age, usage
from streams.ops.demo.place import fresh
from streams.ops.demo.report import Played, report
from streams.ops.demo.stage import set_up
from streams.ops.demo.tally import Tally
from streams.ops.laws import History, Verdict
from streams.runtime.reading import Stored
from tests.ops.lead_history import TOPOLOGY, good
from tests.worker import until

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "topology.yaml"


def test_the_map_of_a_demo_is_the_shipped_one_with_short_times_and_its_own_port(tmp_path: Path) -> None:
    stage = set_up(SHIPPED, tmp_path / "map.yaml", timedelta(seconds=2), timedelta(seconds=9))
    shipped, played = load(SHIPPED), load(tmp_path / "map.yaml")
    policy = played.stanzas["leads"].policy
    assert policy is not None
    assert (policy.window, policy.max_age) == (timedelta(seconds=2), timedelta(seconds=9))
    webhook = played.stanzas["partner_x"].channel
    assert webhook is not None
    assert webhook.target == f"http://127.0.0.1:{stage.ports['partner_x']}/leads"
    assert stage.secrets["PARTNER_X_SECRET"].startswith("whsec_")
    assert stage.topology == played
    changed = {"leads", "partner_x"}
    assert {g: s for g, s in shipped.stanzas.items() if g not in changed} == {
        g: s for g, s in played.stanzas.items() if g not in changed
    }
    assert shipped.events == played.events


def test_a_webhook_far_away_is_played_on_this_machine(tmp_path: Path) -> None:
    document = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    document["partners"]["partner_x"]["channel"] = {"webhook": "https://x.example/in?a=1", "secret_env": "SECRET"}
    (tmp_path / "theirs.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    stage = set_up(tmp_path / "theirs.yaml", tmp_path / "map.yaml", timedelta(seconds=2), timedelta(seconds=9))
    channel = stage.topology.stanzas["partner_x"].channel
    assert channel is not None
    assert channel.target == f"http://127.0.0.1:{stage.ports['partner_x']}/in?a=1"


def stored(topic: str, key: str, *, at_ms: int = 1000, id: str = "") -> Stored:
    return Stored(topic, 0, 0, at_ms, key.encode(), b"", [("ce_id", id.encode())] if id else [])


def test_a_lead_keeps_its_end_in_whatever_order_its_topics_are_read() -> None:
    tally = Tally(TOPOLOGY)
    for topic, key in (
        ("lead.accepted.v1", "lead-o"),
        ("lead.escalated.v1", "lead-o"),
        ("lead.offered.v1", "lead-o"),
        ("order.placed.v1", "o"),
        ("lead.offered.v1", "lead-p"),
        ("order.placed.v1", "q"),
    ):
        tally.note(stored(topic, key))
    assert tally.leads() == Counter(accepted=1, awaiting=1, placed=1)
    assert tally.missing({})[0] == "leads that have not ended: 1 placed, 1 awaiting"


def test_a_partner_is_drained_when_it_has_every_message_or_its_dead_letter() -> None:
    tally = Tally(TOPOLOGY)
    for order in ("o", "p"):
        tally.note(stored("lead.accepted.v1", f"lead-{order}"))
        tally.note(stored("partner-y.incoming.leads", f"lead-{order}", id="the-same"))
    taken = {"partner_x": 1, "partner_y": len(tally.taken["partner_y"])}
    assert taken["partner_y"] == 1, "the same message twice counts once"
    assert tally.missing(taken) == [f"{p} has 1 of 2 messages (0 in its dead letters)" for p in taken]
    tally.note(stored("partner_x.dead", "lead-o"))
    assert tally.missing(taken | {"partner_y": 2}) == []


def test_retries_and_the_first_acceptance_are_noted() -> None:
    tally = Tally(TOPOLOGY)
    tally.note(stored("partner_x.retry.1", "k"))
    tally.note(stored("partner_x.retry.2", "k"))
    tally.note(stored("lead.accepted.v1", "k", at_ms=2000))
    tally.note(stored("lead.accepted.v1", "l", at_ms=1500))
    assert tally.retries == Counter(partner_x=2)
    assert tally.first_accepted_ms == 1500
    assert tally.is_followed("partner_x.retry.1")
    assert not tally.is_followed("leads.changelog")


def test_figures_are_spans_between_append_times() -> None:
    log = good()
    history = History(TOPOLOGY, list(log.facts.values()))
    offered, won = to_first_offer(history), to_acceptance(history)
    assert offered is not None
    assert (offered.p50_ms, offered.p99_ms, offered.count) == (12_000, 12_000, 1)
    assert offered == to_first_offer(history, up_to_wave=1), "its first wave had candidates"
    assert to_first_offer(history, up_to_wave=0) is None
    assert won is not None
    assert (won.p50_ms, won.count) == (6_000, 1)
    assert to_acceptance(History(TOPOLOGY, [])) is None


def test_the_report_names_each_law_with_examples_of_what_broke_it() -> None:
    verdicts = [Verdict(1, "one", ()), Verdict(3, "three", tuple("abcde"))]
    lines = list(report(Played({"orders": "5"}, History(TOPOLOGY, []), verdicts, 2_500, None), 1.0))
    assert "  1  held      one" in lines
    at = lines.index("  3  VIOLATED  three")
    assert [line.strip() for line in lines[at + 1 : at + 5]] == ["a", "b", "c", "and 2 more"]
    assert any("command → first LeadAccepted" in line and line.endswith("1.5 s") for line in lines)


def test_a_home_holds_one_demo_at_a_time_and_is_emptied(tmp_path: Path) -> None:
    with fresh(tmp_path) as place:
        (place.root / "old").mkdir()
        (place.root / "old.log").touch()
        with pytest.raises(DemoFailed, match="another demo runs"), fresh(tmp_path):
            pass
    (tmp_path / "mine").touch()
    with fresh(tmp_path) as place:
        assert [each.name for each in place.root.iterdir()] == ["lock"]
    assert (tmp_path / "mine").exists()


def test_a_child_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    with Guard(tmp_path) as guard, Children(guard, tmp_path, {"CROSSDOCK_TOPOLOGY": "nowhere.yaml"}) as children:
        child = children.start("plan", ["topics", "plan"])
        child.process.wait()
        with pytest.raises(DemoFailed, match=r"(?s)plan ended with exit code 2.*nowhere\.yaml"):
            children.check()


_KILLED = """
import os, signal, subprocess, sys
from pathlib import Path
from streams.ops.demo.guard import Guard
with Guard(Path(sys.argv[1])) as guard:
    guard.told(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_demo_has_started_is_ended(tmp_path: Path) -> None:
    # the child holds our pipe's other end: run() returns only once it is gone
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")
def test_the_cost_of_a_process_group_is_known() -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        until(lambda: (found := usage(process.pid)) and 0 < found.resident_mb < 100, "its memory is known", 5)
        process.kill()
    assert own_age() > 0
    assert usage(process.pid) is None
