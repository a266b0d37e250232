"""docs/testing.md as a reader would run it: every test that it shows."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs/testing.md"
CODE = "\n".join(re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.M | re.S))
TESTS = re.findall(r"^def (test_\w+)", CODE, re.M)


@cache
def shown() -> dict[str, Any]:
    """The blocks, one after the other, are one module."""
    names: dict[str, Any] = {"__name__": "the_document"}
    exec(compile(CODE, str(DOCUMENT), "exec"), names)
    return names


def test_the_document_shows_tests() -> None:
    assert len(TESTS) == 6


@pytest.mark.parametrize("name", TESTS)
def test_a_test_of_the_document_passes(name: str) -> None:
    test: Callable[[], None] = shown()[name]
    test()
