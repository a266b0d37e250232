"""Whatever is killed, frozen or lost, and whatever a partner does: everything ends, and every law holds."""

from pathlib import Path

import pytest

from tests.chaos.brokers import OneBroker
from tests.chaos.faults import DECK, schedule
from tests.chaos.play import play

_SEED = 1


@pytest.mark.timeout(400)
def test_every_law_holds_through_kills_zombies_lost_disks_and_bad_partners(tmp_path: Path) -> None:
    with OneBroker() as kafka:
        outcome = play(kafka, tmp_path, _SEED, schedule(_SEED, DECK), 150, lambda fault: print(fault, flush=True))
    print(outcome)
    assert outcome.wrong[:20] == []
