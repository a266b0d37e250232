"""Sizes as the map writes them: 65536 or 64MiB."""

import re

_UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_SHAPE = re.compile(r"(\d{1,12})([kKMG]i?B|B|)")


def parse(text: str) -> int:
    """The bytes that `text` writes; raises ValueError where it is no positive size."""
    shape = _SHAPE.fullmatch(text)
    if shape is None or shape[2] not in _UNITS or int(shape[1]) == 0:
        raise ValueError(f"{text!r} is no size; write bytes, or a whole number and KiB, MiB or GiB, such as 64MiB")
    return int(shape[1]) * _UNITS[shape[2]]
