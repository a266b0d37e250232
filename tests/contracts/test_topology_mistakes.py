"""Every mistake in the map is told with its line and with what would be right, all of them at once."""

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.mistakes import TopologyError
from streams.contracts.topology_file import load
from tests.contracts.wrong_maps import CONTEXTS, ELSEWHERE, EVENTS, PARTNERS, RETRIES, ROUTES, SHIPPED

MISTAKE = re.compile(r"(?P<file>.+topology\.yaml):(?P<line>\d+): (?P<what>.+?); (?P<right>.+)")


@pytest.mark.parametrize(("old", "new", "message"), EVENTS + RETRIES + CONTEXTS + ROUTES + PARTNERS)
def test_a_mistake_is_told_at_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = changed(old, new)
    expected = line_of(text, text[SHIPPED.index(old) :])
    assert any(message in told for told in mistakes(text, tmp_path)[expected]), mistakes(text, tmp_path)


@pytest.mark.parametrize(("old", "new", "where", "message"), ELSEWHERE)
def test_a_mistake_between_two_places_is_told_where_it_is_used(
    tmp_path: Path, old: str, new: str, where: str, message: str
) -> None:
    text = changed(old, new)
    found = mistakes(text, tmp_path)
    assert any(message in told for told in found[line_of(text, text[text.index(where) :])]), found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = changed("order_id, partitions", "order, partitions")
    text = text.replace("window: 15m", "window: soon").replace("retry: quick", "retry: quik").replace("same", "some")
    found = mistakes(text, tmp_path)
    assert len(found) == 5
    assert list(found) == sorted(found)


def test_a_partner_hears_each_record_from_one_event_only(tmp_path: Path) -> None:
    text = changed('"on": [lead.accepted.v1]', '"on":\n      - lead.accepted.v1\n      - lead.refused.v1')
    text = text.replace("record: AcceptanceRefused", "record: LeadAccepted")
    message = "lead.refused.v1 carries LeadAccepted, as lead.accepted.v1 does; hear it by a stanza of its own"
    assert mistakes(text, tmp_path) == {
        line_of(text, text[text.index("      - lead.refused.v1\n    channel") :]): [f"partner partner_x: {message}"]
    }


def test_text_that_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    found = mistakes(SHIPPED.replace("retries:\n", "retries: [\n"), tmp_path)
    assert [told.startswith("the map is not YAML: ") for tolds in found.values() for told in tolds] == [True]
    assert (
        SHIPPED.splitlines().index("retries:") + 1 <= next(iter(found)) <= SHIPPED.splitlines().index("contexts:") + 1
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the map: it has no events; write"),
        (b"[]", "the map is a list; write a mapping"),
        (b"42", "the map is 42; write a mapping"),
        (b"\n\xff", "the map is not UTF-8 text; write"),
        (b"a: 2024-99-99", "the map is not YAML: month must be in 1..12; write"),
        (b"a: !!python/none x", "could not determine a constructor"),
    ],
)
def test_a_file_that_is_no_map_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "topology.yaml"
    file.write_bytes(content)
    with pytest.raises(TopologyError) as refused:
        load(file)
    assert message in str(refused.value)


def test_a_name_with_line_breaks_or_escapes_is_told_in_one_plain_line(tmp_path: Path) -> None:
    text = SHIPPED.replace("record: OrderScreened", 'record: "Order\\n\\e[31mScreened"')
    (told,) = (line for lines in mistakes(text, tmp_path).values() for line in lines)
    assert told.startswith("order.screened.v1: there is no schemas/Order ?[31mScreened.avsc; ")


def test_a_map_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match=r"topology.yaml:1: the map cannot be read: No such file"):
        load(tmp_path / "topology.yaml")


def test_a_schema_that_is_no_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/OrderScreened.avsc").write_text('{"type": "record", "name": "Other", "fields": []}')
    file = tmp_path / "topology.yaml"
    file.write_text("events:\n  a: {record: OrderScreened, key: x}\n")
    with pytest.raises(TopologyError, match=r"topology.yaml:2: a: schemas/OrderScreened.avsc is no Avro record"):
        load(file, root=tmp_path)


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x y", "order.placed.v1", "quick", [], [[]], [None], {}, {"x": {}}]
).map(deepcopy)


@given(st.data())
def test_whatever_stands_in_the_map_it_is_read_or_told(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    plain = yaml.safe_load(SHIPPED)
    for _ in range(data.draw(st.integers(1, 3))):
        spoil(plain, data)
    read_or_told(yaml.safe_dump(plain), tmp_path_factory.mktemp("map"))


@given(st.integers(0, len(SHIPPED)), st.integers(0, 40), st.text(max_size=3))
def test_whatever_text_is_in_the_file_it_is_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, instead: str
) -> None:
    read_or_told(SHIPPED[:start] + instead + SHIPPED[start + length :], tmp_path_factory.mktemp("map"))


def spoil(plain: Any, data: Any) -> None:
    """Removes, renames or replaces something somewhere in the map."""
    at = plain
    while isinstance(at, dict | list) and at:
        key = data.draw(st.sampled_from(sorted(at, key=str) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.integers(0, 3)) == 0:
            if isinstance(at, dict) and data.draw(st.booleans()):
                at[data.draw(st.sampled_from(["on", "lead", "lead.match", "matching", "x"]))] = at.pop(key)
            else:
                at[key] = data.draw(JUNK)
            return
        at = at[key]


def read_or_told(text: str, folder: Path) -> None:
    lines = len(text.splitlines()) + 1
    assert all(1 <= line <= lines for line in mistakes(text, folder))


def mistakes(text: str, folder: Path) -> dict[int, list[str]]:
    """What is told of each line, in the order in which it is told."""
    file = folder / "topology.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    try:
        load(file)
    except TopologyError as error:
        found: dict[int, list[str]] = {}
        for told in str(error).splitlines():
            shape = MISTAKE.fullmatch(told)
            assert shape, told
            assert shape["file"] == str(file)
            found.setdefault(int(shape["line"]), []).append(f"{shape['what']}; {shape['right']}")
        return found
    return {}


def changed(old: str, new: str) -> str:
    assert old in SHIPPED
    return SHIPPED.replace(old, new, 1)


def line_of(text: str, rest: str) -> int:
    return text.count("\n", 0, len(text) - len(rest)) + 1
