"""The bench itself: it runs, and what it writes can be drawn."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.asked import answers
from tests.bench.results import Book
from tests.bench.turns import quietest, turns

ROOT = Path(__file__).parents[2]


def test_a_smoke_run_measures_ours_and_the_bare_loop() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--smoke", "w2", "slow", "--only", "ours", "--only", "asyncio"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "events_s" in done.stdout and "took_s" in done.stdout


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = Book(tmp_path / "bench" / "results.json")
    made.begin("w2", {"faust": "there is no uv on the path"}, more=False)
    for ours, bare in ((90, 100), (100, 80), (110, 100)):
        made.add("w2", "ours", {"events_s": ours, "cpu_us": 10.0, "rss_mb": 90.0, "first_s": 1.0})
        made.add("w2", "bare", {"events_s": bare, "cpu_us": 20.0, "rss_mb": 60.0, "first_s": 0.5})
    return made


def test_rounds_are_kept_as_they_come(book: Book, tmp_path: Path) -> None:
    kept = json.loads((tmp_path / "bench" / "results.json").read_text(encoding="utf-8"))
    assert [each["events_s"] for each in kept["w2"]["rounds"]["bare"]] == [100, 80, 100]
    book.begin("w2", {}, more=True)
    assert book.median("w2", "ours", "events_s") == 100
    book.begin("w2", {}, more=False)
    assert book.median("w2", "ours", "events_s") is None


def test_a_ratio_is_made_round_by_round(book: Book) -> None:
    found = book.ratio("w2", "events_s", "ours", "bare")
    assert found is not None
    assert f"{found:.2f}" == "0.90 / 1.10 / 1.25"


def test_a_contestant_that_gets_stuck_ends_nobody_elses_turn() -> None:
    def trial(name: str) -> dict[str, float]:
        if name == "faust":
            raise TimeoutError("no output")
        return {"events_s": 1.0}

    found = list(turns(["faust", "quix"], 2, trial))
    assert found == [("faust", {"failed": 1.0}), ("quix", {"events_s": 1.0})] * 2


def test_of_disturbed_rounds_the_quietest_counts_and_a_quiet_one_is_not_run_again() -> None:
    others = iter([0.9, 0.6, 0.7, 0.1, 0.0])
    assert quietest(lambda: {"others": next(others)}) == {"others": 0.6}
    assert quietest(lambda: {"others": next(others)}) == {"others": 0.1}


def test_what_was_asked_is_answered_with_by_how_much(book: Book) -> None:
    found = {each.what: each for each in answers(book)}
    cost = found["W2 CPU beside the bare loop"]
    assert (cost.measured, cost.is_met, cost.by) == ("0.5×", True, "55%")
    assert found["W2 events/s beside the bare loop"].is_met
    assert "W3 CPU beside Kafka Streams" not in found  # not measured


def test_the_report_has_the_figures_the_reasons_and_the_pictures(book: Book, tmp_path: Path) -> None:
    report.write(book, tmp_path / "bench.md")
    text = (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert "| Crossdock | 90 / 100 / 110 |" in text
    assert "there is no uv on the path" in text
    assert (tmp_path / "bench" / "w2-speed.svg").exists()
