"""A round in a line."""

from tests.bench.results import Round


def said(found: Round) -> str:
    return ", ".join(f"{name} {value:,g}" for name, value in found.items())
