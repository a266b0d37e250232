"""The judge finds every law that a history breaks, and nothing in one that breaks none."""

from dataclasses import replace
from pathlib import Path

import pytest

from streams.contracts.names import lead_id
from streams.domain.events import LeadCancelled, LeadEscalated, ProviderDeclinedLead
from streams.ops.laws import taken_from_log
from tests.ops.lead_history import (
    EXPIRED,
    WON,
    Log,
    acceptance,
    accepted,
    at,
    expired,
    good,
    handed,
    offered,
    order,
    refused,
    widen,
    withdrawn,
)


def only(law: int, log: Log) -> str:
    """The one violation, of this law."""
    broken = log.broken()
    assert list(broken) == [law], broken
    [violation] = broken[law]
    return violation


def test_a_good_history_breaks_no_law() -> None:
    assert good().broken() == {}


def test_an_empty_history_breaks_no_law() -> None:
    log = Log()
    log.taken = {}
    assert log.broken() == {}


def test_law_1_a_lead_of_another_order() -> None:
    log = good()
    log.tell("strange", LeadCancelled(lead_id=lead_id("o-4"), order_id="o-5", reason=""), 1)
    assert "speaks of order o-5" in only(1, log)


def test_law_1_an_offer_made_twice() -> None:
    log = good()
    log.tell("again", offered(WON, "a", 2), 15.3)
    assert "offered to a 2 times" in only(1, log)


def test_law_1_a_lead_that_began_twice() -> None:
    log = good()
    log.tell("placed again", order(WON), 1)
    log.tell("offered to d", replace(offered(WON, "d", 1), expires_at=at(121)), 15.3)
    withdrawn(WON, ["d"], log, 16.1)
    assert "2 deadlines" in only(1, log)


def test_law_2_an_order_without_a_lead() -> None:
    log = good()
    log.tell("lost", order("o-lost"), 1)
    assert "has no lead" in only(2, log)


@pytest.mark.parametrize("group", ["matching", "lead.start", "lead.match", "leads"])
def test_law_2_an_order_in_dead_letters_needs_no_lead(group: str) -> None:
    log = good()
    log.tell("lost", order("o-lost"), 1)
    log.bury(group, "lost")
    assert log.broken() == {}


def test_law_2_a_dead_letter_of_somebody_else_excuses_nothing() -> None:
    log = good()
    log.tell("lost", order("o-lost"), 1)
    log.bury("analytics", "lost")
    assert "has no lead" in only(2, log)


def test_law_2_a_lead_that_never_ended() -> None:
    assert "never ended" in only(2, good().forget("expired"))


def test_law_2_a_lead_that_ended_twice() -> None:
    log = good()
    log.tell("cancelled too", LeadCancelled(lead_id=lead_id(WON), order_id=WON, reason=""), 18)
    assert "ended 2 times" in only(2, log)


def test_law_2_a_cancelled_order_ends_too() -> None:
    assert "has no lead" in only(2, good().forget("cancelled"))


def test_law_2_an_offer_after_the_end() -> None:
    log = good()
    log.tell("offered to d", offered(WON, "d", 2), 18)
    assert "offered to d after its end" in only(2, log)


def test_law_2_a_winner_whose_offer_was_withdrawn() -> None:
    log = good()
    withdrawn(WON, ["b"], log, 16.1)
    assert "withdrawn from b, who had won" in only(2, log)


def test_law_3_two_winners() -> None:
    log = good()
    log.tell("won by a", accepted(WON, "a", 17), 17.1)
    assert {2, 3} <= log.broken().keys()
    assert "2 winners" in log.broken()[3][0]


def test_law_3_an_earlier_acceptance_was_passed_over() -> None:
    log = good().forget("b accepts", "a accepts late")
    log.tell("a accepts", acceptance(WON, "a"), 15.9)
    log.tell("b accepts", acceptance(WON, "b"), 16)
    assert "although a was first" in only(3, log)


def test_law_3_an_earlier_acceptance_in_dead_letters_does_not_count() -> None:
    log = good().forget("b accepts", "a accepts late")
    log.tell("a accepts", acceptance(WON, "a"), 15.9)
    log.bury("leads", "a accepts")
    log.tell("b accepts", acceptance(WON, "b"), 16)
    assert log.broken() == {}


def test_law_3_a_winner_who_was_never_offered() -> None:
    log = good().forget("offered to b")
    assert "won by b, to whom it was not offered" in log.broken()[3][0]


def test_law_3_a_winner_who_never_accepted() -> None:
    log = good()
    log.facts["won by b"] = replace(log.facts["won by b"], record=accepted(WON, "b", 15.5))
    assert "who did not accept it at" in only(3, log)


def test_law_3_a_winner_after_the_deadline() -> None:
    log = good().forget("a accepts late", "a refused", "b accepts", "won by b")
    log.tell("b accepts", acceptance(WON, "b"), 121)
    log.tell("won by b", accepted(WON, "b", 121), 121)
    assert "after its deadline" in only(3, log)


def test_law_3_an_acceptance_in_time_must_not_expire() -> None:
    log = good()
    log.tell("offered to z", offered(EXPIRED, "z", 1), 0.2)
    log.tell("z accepts", acceptance(EXPIRED, "z"), 120)
    log.tell("z refused", refused(EXPIRED, "z", "expired"), 120.2)
    withdrawn(EXPIRED, ["z"], log, 120.1)
    assert "expired although z had accepted in time" in only(3, log)


def test_law_3_an_acceptance_after_the_deadline_expires() -> None:
    log = good()
    log.tell("offered to z", offered(EXPIRED, "z", 1), 0.2)
    log.tell("z accepts", acceptance(EXPIRED, "z"), 120.05)
    log.tell("z refused", refused(EXPIRED, "z", "expired"), 120.2)
    withdrawn(EXPIRED, ["z"], log, 120.1)
    assert log.broken() == {}


def test_law_4_an_acceptance_without_an_answer() -> None:
    assert "a got no answer" in only(4, good().forget("a refused"))


def test_law_4_an_acceptance_in_dead_letters_needs_no_answer() -> None:
    log = good().forget("a refused")
    log.bury("leads", "a accepts late")
    assert log.broken() == {}


def test_law_4_two_answers() -> None:
    log = good()
    log.tell("a refused again", refused(WON, "a", "already_taken"), 17.2)
    assert "a got 2 answers" in only(4, log)


def test_law_4_an_answer_to_nobody() -> None:
    log = good()
    log.tell("c refused", refused(WON, "c", "already_taken"), 17.2)
    assert "c got 1 answers but accepted nothing" in only(4, log)


def test_law_4_a_repeated_acceptance_has_its_answer() -> None:
    log = good()
    log.tell("a accepts again", acceptance(WON, "a"), 18)
    log.tell("b accepts again", acceptance(WON, "b"), 18)
    assert log.broken() == {}


def test_law_4_not_offered_before_the_offer_does_not_count() -> None:
    log = good().forget("b accepts", "a accepts late")
    log.tell("c accepts too early", acceptance(WON, "c"), 15)
    log.tell("c refused as stranger", refused(WON, "c", "not_offered"), 15.1)
    log.tell("b accepts", acceptance(WON, "b"), 16)
    log.tell("a accepts late", acceptance(WON, "a"), 17)
    assert log.broken() == {}
    log.tell("c accepts", acceptance(WON, "c"), 18)
    assert "c got no answer" in only(4, log)
    log.tell("c refused", refused(WON, "c", "already_taken"), 18.1)
    assert log.broken() == {}


def test_law_4_not_offered_after_the_offer_is_wrong() -> None:
    log = good().forget("a refused")
    log.tell("a refused", refused(WON, "a", "not_offered"), 17.1)
    assert "although it was" in only(4, log)


def test_law_5_a_message_that_reached_nobody() -> None:
    log = good()
    log.taken["partner_x"] = []
    assert "neither reached partner_x nor lies in its dead letters" in only(5, log)


def test_law_5_a_dead_letter_need_not_be_delivered() -> None:
    log = good()
    log.taken["partner_x"] = []
    log.bury("partner_x", "x-1")
    assert log.broken() == {}


def test_law_5_another_partners_dead_letter_excuses_nothing() -> None:
    log = good()
    log.taken["partner_x"] = []
    log.bury("partner_y", "x-1")
    assert "partner_x" in only(5, log)


def test_law_5_the_same_message_twice_is_once() -> None:
    log = good()
    log.taken["partner_x"] = ["x-1", "x-1"]
    assert log.broken() == {}


def test_law_5_a_partner_that_cannot_be_asked_is_not_accused() -> None:
    log = good()
    del log.taken["partner_x"]
    assert log.broken() == {}


def test_law_5_an_event_that_was_never_translated() -> None:
    log = good().forget("y-1")
    log.taken["partner_y"] = []
    assert "never became a message for partner_y" in only(5, log)
    log.bury("partner_y", "won by b")
    assert log.broken() == {}


def test_law_5_an_event_that_was_translated_twice() -> None:
    log = good()
    log.translated("partner_y", "y-2", "won by b")
    log.taken["partner_y"] = ["y-1", "y-2"]
    assert "became 2 messages for partner_y" in only(5, log)


def test_law_5_a_message_out_of_nowhere() -> None:
    log = good()
    log.taken["partner_x"] = ["x-1", "x-9"]
    assert "partner_x got x-9" in only(5, log)


def test_law_6_a_partner_sees_a_later_event_first() -> None:
    log = good()
    log.translated("partner_x", "x-2", "elsewhere")
    log.taken["partner_x"] = ["x-2", "x-1"]
    assert "before" in only(6, log)
    log.bury("partner_x", "x-1")
    assert log.broken() == {}, "a dead letter may come out of turn"


def test_law_6_a_message_that_came_again_counts_where_it_stood_first() -> None:
    log = good()
    log.translated("partner_x", "x-2", "elsewhere")
    log.facts["x-1 again"] = replace(log.facts["x-1"], offset=9)
    log.taken["partner_x"] = ["x-1", "x-2"]
    assert 6 not in log.broken()


def test_law_6_a_subscriber_handles_a_later_record_first() -> None:
    log = good()
    first, second = log.tell("first", order(WON), 1, key="k"), log.tell("second", order(WON), 2, key="k")
    for cause in (second, first):
        log.tell(f"handled {cause}", order(WON), 3, topic="notification.receipt.v1", source="notifications",
                 cause=cause.id)  # fmt: skip
    assert "handled order.placed.v1-0-5 before order.placed.v1-0-4" in only(6, log)


def test_law_6_retried_records_of_other_keys_may_overtake() -> None:
    log = good()
    first, second = log.tell("first", order(WON), 1, key="k"), log.tell("second", order(WON), 2, key="l")
    for cause in (second, first):
        log.tell(f"handled {cause}", order(WON), 3, topic="notification.receipt.v1", source="notifications",
                 cause=cause.id)  # fmt: skip
    assert log.broken() == {}


def test_law_8_a_window_that_ended_early() -> None:
    log = good()
    log.facts["wave 2 asked for"] = replace(log.facts["wave 2 asked for"], time=at(15))
    assert "left wave 1" in only(8, log)


def test_law_8_a_wave_that_all_have_declined_may_end_early() -> None:
    log = good()
    log.facts["wave 2 asked for"] = replace(log.facts["wave 2 asked for"], time=at(15))
    for provider in ("a", "b"):
        declined = ProviderDeclinedLead(lead_id=lead_id(WON), provider_id=provider, reason="")
        log.tell(f"{provider} declines", declined, 3)
    assert log.broken() == {}


def test_law_8_a_lead_that_escalated_early() -> None:
    log = good()
    early = LeadEscalated(lead_id=lead_id(WON), order_id=WON, reasons=["window_over"])
    log.tell("escalated early", early, 30.1)
    assert "left wave 2" in only(8, log)


def test_law_8_a_lead_that_expired_early() -> None:
    log = good()
    log.facts["expired"] = replace(log.facts["expired"], time=at(119.9))
    assert "expired at" in only(8, log)


def test_law_8_a_deadline_that_is_not_the_orders() -> None:
    log = good()
    log.facts["expired"] = replace(log.facts["expired"], record=replace(expired(EXPIRED), expired_at=at(119)))
    assert "which is not the order's append time" in only(8, log)


def test_law_8_a_window_that_was_lost() -> None:
    log = good().forget("escalated")
    log.tell("offered to z", offered(EXPIRED, "z", 1), 0.2)
    withdrawn(EXPIRED, ["z"], log, 120.1)
    assert "without a next one" in only(8, log)


def test_law_8_a_hand_off_in_dead_letters_began_no_window() -> None:
    log = good().forget("escalated")
    log.bury("leads", "failed slip")
    log.tell("handed off again", handed(EXPIRED, 1), 110)
    log.tell("offered to z", offered(EXPIRED, "z", 1), 110)
    withdrawn(EXPIRED, ["z"], log, 120.1)
    assert log.broken() == {}


def test_law_8_a_timer_that_fired_twice() -> None:
    log = good()
    log.tell("wave 2 asked for again", widen(WON, 2), 15.2)
    assert "wave 2 was asked for 2 times" in only(8, log)


def test_law_8_a_hand_off_handled_late_may_go_on_at_once() -> None:
    log = good().forget("escalated")
    log.tell("offered to z", offered(EXPIRED, "z", 1), 40)
    log.tell("next wave", widen(EXPIRED, 2), 40)
    log.tell("nobody in wave 2", handed(EXPIRED, 2), 40.1)
    withdrawn(EXPIRED, ["z"], log, 120.1)
    assert log.broken() == {}


def test_what_a_partner_took_is_what_it_answered_with_success(tmp_path: Path) -> None:
    log = tmp_path / "partner.jsonl"
    assert taken_from_log(log) == []
    log.write_text('{"id": "x-1", "status": 500}\n{"id": "x-1", "status": 200}\n{"id": "x-2", "status": 200}\n')
    assert taken_from_log(log) == ["x-1", "x-2"]
