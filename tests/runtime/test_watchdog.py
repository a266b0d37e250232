"""What ends a process that is stuck in a transaction, and what does not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.contracts.names import Names
from streams.runtime.transaction import Batch
from streams.runtime.watchdog import COMMIT_S, Watch

LONG_S = COMMIT_S + 1


class Watched:
    """A process whose clock is told by the test; `ends` are the reasons for which it was ended."""

    def __init__(self, home: Path) -> None:
        self.ends: list[str] = []
        self.is_kafka_up = True
        self.watch = Watch(home, Names(), 60.0, self.ends.append, lambda: self.is_kafka_up)
        self.watch.look(0.0)

    def commits(self) -> None:
        self.watch(Batch(datetime.now(UTC)))
        self.watch.look(0.0)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_a_transaction_without_an_answer_ends_the_process(watched: Watched) -> None:
    watched.commits()
    watched.watch.look(LONG_S)
    assert watched.ends == [f"a transaction has had no answer for {COMMIT_S:g} s"]


def test_it_waits_through_an_outage_and_is_given_time_after_it(watched: Watched) -> None:
    watched.commits()
    watched.is_kafka_up = False
    watched.watch.look(LONG_S)
    watched.is_kafka_up = True
    watched.watch.look(LONG_S + 1)
    assert watched.ends == []
    watched.watch.look(2 * LONG_S)
    assert len(watched.ends) == 1


def test_transactions_that_have_their_answers_may_go_on_for_ever(watched: Watched) -> None:
    for minute in range(3):
        watched.watch(Batch(datetime.now(UTC)))
        watched.watch.look(60.0 * minute)
    assert watched.ends == []
