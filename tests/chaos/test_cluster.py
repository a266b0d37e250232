"""One broker of three is killed under load and loses its disk: everything goes on meanwhile, and every law holds."""

from pathlib import Path

import pytest

from tests.chaos.brokers import ThreeBrokers
from tests.chaos.faults import ONE_WIPED, Fault
from tests.chaos.play import play

_FAULT = Fault(ONE_WIPED, after_s=4.0, lasts_s=8.0)
_GOES_ON_S = 30.0


@pytest.mark.timeout(200)
def test_a_broker_of_three_is_killed_and_wiped_and_everything_goes_on(tmp_path: Path) -> None:
    with ThreeBrokers() as kafka:
        outcome = play(kafka, tmp_path, 1, [_FAULT], 90, lambda fault: print(fault, flush=True))
        kafka.cluster.await_whole()
    print(outcome)
    assert outcome.wrong[:20] == []
    assert outcome.slowest_offer_s < _GOES_ON_S
