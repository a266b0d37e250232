"""Durations as the map writes them: 250ms, 15m, 2h, 30d."""

import re
from datetime import timedelta

_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_SHAPE = re.compile(r"(\d+)(ms|s|m|h|d)")
_LONGEST = timedelta(days=36_500)


def parse(text: str) -> timedelta:
    """The duration that `text` writes; raises ValueError where it is not a whole number and a unit."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise ValueError(f"{text!r} is no duration; write a whole number and ms, s, m, h or d, such as 15m")
    number, unit = shape.groups()
    if len(number) > 15 or int(number) * _UNITS[unit] > milliseconds(_LONGEST):
        raise ValueError(f"{text} is longer than a century; write {write(_LONGEST)} or less")
    return timedelta(milliseconds=int(number) * _UNITS[unit])


def write(duration: timedelta) -> str:
    """The shortest text that `parse` reads as this duration, to the millisecond."""
    whole = milliseconds(duration)
    unit = next((unit for unit, size in _UNITS.items() if whole and whole % size == 0), "s")
    return f"{whole // _UNITS[unit]}{unit}"


def milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
