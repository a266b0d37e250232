"""A campaign in slices: it goes on where its file ends, and its report has all of it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import rounds
from tests.chaos.faults import INT_ALL, KILL, KILL_ALL, ONE_WIPED, TERM_ALL, schedule
from tests.chaos.report import FAUST, THREE, report
from tests.chaos.rounds import Round
from tests.chaos.signals import ALL, signals

DONE = Round(
    THREE, 7, "2026-11-22T18:00:00+00:00", "abc1234", "a machine", {KILL: 2, ONE_WIPED: 1}, 3, 40, dict.fromkeys(
        rounds.ENDS, 10
    ), 1, 0, 2, {"it slept": 1}, 4.5, 12.0, 60.0, [],
)  # fmt: skip


def test_a_file_of_rounds_gives_back_what_was_kept(tmp_path: Path) -> None:
    file = tmp_path / "rounds.jsonl"
    assert rounds.known(file) == []
    other = replace(DONE, setting=FAUST, wrong=["law 3: two winners"])
    rounds.add(file, DONE)
    rounds.add(file, other)
    assert rounds.known(file) == [DONE, other]


def test_a_report_counts_faults_and_shows_what_was_wrong(tmp_path: Path) -> None:
    text = "\n".join(report([DONE, replace(DONE, seed=8, wrong=["law 3: two winners"])], tmp_path / "no count"))
    assert "6 faults, 6 of them kill -9, and 80 orders in 2 rounds" in text
    assert "**1 violation.**" in text
    assert "* law 3: two winners" in text


@pytest.mark.parametrize("brokers", [1, 3])
def test_a_seed_makes_the_same_faults_again(brokers: int) -> None:
    assert schedule(5, 40, brokers) == schedule(5, 40, brokers) != schedule(6, 40, brokers)


def test_fausts_schedule_has_its_kinds_and_goes_on_where_a_round_left_it() -> None:
    whole = signals(0, ALL, 1.0)
    assert Counter(each.kind in (TERM_ALL, INT_ALL) for each in whole[:100]) == {True: 100}
    assert Counter(each.kind for each in whole[100:]) == {TERM_ALL: 50, KILL_ALL: 30}
    assert signals(0, 70, 1.0) + signals(70, 110, 1.0) == whole
