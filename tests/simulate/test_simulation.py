"""Two hundred seeds in every run of the tests, the bugs that show themselves soonest, and that a seed is a seed."""

import os
import subprocess
import sys

import pytest

from tests.simulate.campaign import first_broken, run

QUICKEST = ("store-first", "no-offsets", "key-forgotten", "no-rewind", "not-landed", "answered-again",
            "wrong-partition", "no-deadline", "no-rate", "no-dedupe", "not-again")  # fmt: skip


def test_two_hundred_seeds_break_nothing() -> None:
    found = {outcome.seed: outcome.violations for outcome in run(range(200), jobs=2)}
    assert len(found) == 200
    assert not {seed: violations for seed, violations in found.items() if violations}


@pytest.mark.parametrize("mutant", QUICKEST)
def test_a_deliberate_bug_is_found(mutant: str) -> None:
    _, outcome = first_broken(mutant, seeds=20)
    assert outcome is not None


def test_a_seed_replays_exactly_whatever_the_order_of_sets() -> None:
    assert _trace("1") == _trace("2") != ""


def _trace(hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.simulate", "--seed", "7", "--trace"]
    env = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60).stdout
