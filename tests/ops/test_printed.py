"""What others wrote is shown on a terminal: nothing of it may command the terminal."""

import json

import pytest

from streams.verbs import printed

HOSTILE = "key\x1b[2J\x00\x9b31m\x7f"
HARMLESS = "key\\u001b[2J\\u0000\\u009b31m\\u007f"


def test_control_characters_of_others_are_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    printed.table(("key",), [(HOSTILE,), ([HOSTILE],)])
    printed.facts({"key": HOSTILE, "value": {"why": HOSTILE}})
    shown = capsys.readouterr().out
    assert shown.count(HARMLESS) == 4
    assert all(sign.isprintable() or sign == "\n" for sign in shown)


def test_json_says_the_same_and_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    printed.data([{"key": HOSTILE}])
    shown = capsys.readouterr().out
    assert HARMLESS in shown
    assert json.loads(shown) == [{"key": HOSTILE}]


def test_lines_of_a_stack_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    printed.facts({"stack": "first\nsecond"})
    assert capsys.readouterr().out == "stack  first\n       second\n"
