"""The system that chaos comes over: the shipped map with short times, and where its workers keep their state."""

from pathlib import Path
from random import Random

from tests.flow import Map, small

_PARTITIONS = 2
_PATIENCE = "1500ms"  # of partner_x's channel


def drawn(url: str) -> Map:
    """A map whose leads end within seconds, and with a webhook partner that hears several records of each lead."""
    wanted = small(_PARTITIONS, delays=["300ms", "1s", "3s"])
    wanted["contexts"]["provider"]["sagas"]["leads"] |= {
        "window": "3s",
        "max_age": "12s",
        "waves": [{"size": 2, "reach": "city"}, {"size": 2, "reach": "state"}, {"size": 3, "reach": "country"}],
    }
    partner = wanted["partners"]["partner_x"]
    partner["on"] = ["lead.accepted.v1", "lead.widened.v1", "lead.withdrawn.v1"]
    partner["channel"] |= {"webhook": url, "timeout": _PATIENCE}
    return wanted


def homes(home: Path, seed: int) -> list[Path]:
    """One that two workers share, or one for each, as on two hosts."""
    return [home / name for name in Random(seed).choice([("both",), ("first", "second")])]
