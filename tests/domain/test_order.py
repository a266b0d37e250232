"""Order under failure (contracts.md) as laws of random histories, played by order_model.py on domain/order.py."""

from collections import Counter
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streams.domain.failure import Bury, Ladder, RetryAt
from streams.domain.order import Held, failed, finished, is_awaited, queued, recalled, taken
from tests.domain.order_model import NOW, Arrival, Model, Outcome, Verb

DELAYS = (timedelta(seconds=1), timedelta(seconds=4), timedelta(seconds=10))
keys, topics = st.sampled_from("ab"), st.sampled_from("tu")
verbs: st.SearchStrategy[Verb] = st.sampled_from(["replay", "drop"])
outcome: st.SearchStrategy[Outcome] = st.sampled_from(["fails", "succeeds", "later", "poison"])
outcomes = st.lists(outcome, max_size=6)  # of the tries that one step leads to; those after them succeed


class Order(RuleBasedStateMachine):
    """Arrivals on two topics, lanes that come due, outages given back, commands new, old and repeated."""

    model: Model

    @initialize(then=st.sampled_from(["park", "bury"]), lanes=st.integers(0, len(DELAYS)))
    def begin(self, then: str, lanes: int) -> None:
        self.model = Model(Ladder(DELAYS[:lanes], "park" if then == "park" else "bury"), lambda _: "succeeds")

    def told(self, outcomes: list[Outcome]) -> Model:
        rest = iter(outcomes)
        self.model.choose = lambda _: next(rest, "succeeds")
        return self.model

    @rule(topic=topics, key=keys, outcomes=outcomes)
    def arrive(self, topic: str, key: str, outcomes: list[Outcome]) -> None:
        self.told(outcomes).arrive(topic, key)

    @rule(seconds=st.sampled_from([0.5, 1, 4, 10]), outcomes=outcomes)
    def pass_time(self, seconds: float, outcomes: list[Outcome]) -> None:
        self.told(outcomes).pass_time(timedelta(seconds=seconds))

    @rule(key=keys, milliseconds=st.integers(0, 1), outcomes=outcomes)
    def give_back(self, key: str, milliseconds: float, outcomes: list[Outcome]) -> None:
        self.model.now += timedelta(milliseconds=milliseconds)
        self.told(outcomes).give_back(key)

    @rule(verb=verbs, number=st.integers(0, 20), times=st.integers(1, 2), outcomes=outcomes)
    def command(self, verb: Verb, number: int, times: int, outcomes: list[Outcome]) -> None:
        model = self.told(outcomes)
        if model.dead:
            letter = model.dead[number % len(model.dead)]
            for _ in range(times):
                model.command(verb, letter)

    @invariant()
    def at_most_one_record_of_a_key_its_oldest_stands_in_a_lane_or_is_parked(self) -> None:
        for key, log in self.model.log.items():
            held, standing = self.model.held.get(key), self.model.standing(key)
            assert standing == ([] if held is None or held.id is None else [held.id])
            in_turn = [id for id in (*standing, *self.model.queue(key)) if id not in self.model.replayed]
            assert in_turn == log[len(log) - len(in_turn) :]

    @invariant()
    def nothing_is_lost_or_twice_at_hand(self) -> None:
        over = {id for _, id, end in self.model.ends if end != "buried"}
        for key, log in self.model.log.items():
            buried = [x.arrival.id for x in self.model.dead if not x.holds and self.is_open(x.arrival, x.attempts)]
            at_hand = [*self.model.standing(key), *self.model.queue(key), *(id for id in buried if id in log)]
            assert Counter([*at_hand, *over.intersection(log)]) == Counter(log)

    @invariant()
    def a_key_finishes_its_records_in_the_order_of_the_log(self) -> None:
        for key, log in self.model.log.items():
            first_ends = list(dict.fromkeys(id for of, id, _ in self.model.ends if of == key))
            assert first_ends == log[: len(first_ends)]

    @invariant()
    def a_command_acts_once_and_attempts_count_on_unless_given_back(self) -> None:
        assert len(set(self.model.obeyed)) == len(self.model.obeyed)
        for id, attempts in self.model.open.items():
            assert attempts == self.model.tries[id] - self.model.given_back[id]

    def is_open(self, arrival: Arrival, attempts: int) -> bool:
        return self.model.open.get(arrival.id) == attempts

    def teardown(self) -> None:
        """When all is well again, everything that was not dropped succeeds, once."""
        if not hasattr(self, "model"):
            return
        self.model.choose = lambda _: "succeeds"
        for _ in range(len(DELAYS) + 1):
            for letter in list(self.model.dead):
                self.model.command("replay", letter)
            self.model.pass_time(timedelta(seconds=10))
        assert (self.model.open, self.model.held) == ({}, {})
        self.a_key_finishes_its_records_in_the_order_of_the_log()
        over = Counter(id for _, id, end in self.model.ends if end != "buried")
        assert over == Counter(id for log in self.model.log.values() for id in log)


TestOrder = Order.TestCase
TestOrder.settings = settings(max_examples=200, stateful_step_count=40)


IN_LANE_2 = Held("t-0-7", lane=2, attempts=2, first=0, next=3, since_ms=5, due_ms=1_000)


def test_a_key_that_no_failure_touched_holds_nothing() -> None:
    assert finished(None) is None
    assert failed(None, "t-0-7", 1, Bury("never", holds=False), 5) is None


def test_a_failure_holds_the_key_in_its_lane_and_says_since_when() -> None:
    held = failed(None, "t-0-7", 1, RetryAt(1, NOW), 5)
    assert held == Held("t-0-7", lane=1, attempts=1, since_ms=5, due_ms=round(NOW.timestamp() * 1000))
    assert held is not None
    assert not held.is_parked
    assert not held.is_running_on


def test_a_parked_record_is_in_no_lane() -> None:
    held = failed(IN_LANE_2, "t-0-7", 3, Bury("broken", holds=True), 9)
    assert held == Held("t-0-7", lane=0, attempts=3, first=0, next=3, since_ms=5)
    assert held is not None
    assert held.is_parked


def test_a_recalled_record_keeps_its_lane_and_attempts_and_goes_before_the_queue() -> None:
    held = recalled(IN_LANE_2, 2, 2, 9)
    assert held == Held(None, lane=2, attempts=2, first=-1, next=3, since_ms=5)
    assert held.is_running_on
    assert taken(held) == Held(None, lane=0, attempts=0, first=0, next=3, since_ms=5)


def test_the_queue_runs_on_until_it_is_empty() -> None:
    empty = Held(None, first=3, next=3)
    assert finished(empty) is None
    assert finished(queued(empty)) == Held(None, first=3, next=4)


def test_only_the_copy_that_its_key_waits_for_counts() -> None:
    assert is_awaited(IN_LANE_2, "t-0-7", 1_000)
    assert not is_awaited(IN_LANE_2, "t-0-7", 999)
    assert not is_awaited(IN_LANE_2, "t-0-8", 1_000)
    assert not is_awaited(recalled(IN_LANE_2, 2, 2, 9), "t-0-7", 1_000)
    assert not is_awaited(None, "t-0-7", 1_000)
