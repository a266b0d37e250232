"""Typed values out of a mapping of the map; a wrong one is noted with its line, and reading goes on."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from streams.contracts.mistakes import Mistakes, suggest
from streams.contracts.topology_values import kind
from streams.contracts.yaml_lines import Located

T = TypeVar("T")


class Name(NamedTuple):
    """A name that the map mentions, and where."""

    text: str
    line: int


class Section:
    """One mapping. `title` says in messages what it is; `done` reports keys that nobody asked for."""

    def __init__(self, title: str, node: Located, mistakes: Mistakes) -> None:
        self.title, self.line, self.mistakes = title, node.line, mistakes
        self._node = node if isinstance(node.value, dict) else Located({}, node.line)
        self._asked: set[str] = set()
        if node.value is not None and not isinstance(node.value, dict):
            mistakes.add(node.line, f"{title} is {kind(node.value)}", "write a mapping, name: value")
        for key, line in self._node.twice:
            mistakes.add(line, f"{title}: {key} stands twice", "keep one of the two")

    def __contains__(self, key: str) -> bool:
        return key in self._node.value

    def __iter__(self) -> Iterator[str]:
        return iter(self._node.value)

    def at(self, key: str) -> int:
        """The line of `key`, or of the whole mapping where it is missing."""
        return self._node.keys.get(key, self.line)

    def get(self, key: str, parse: Callable[[Any], T], default: T) -> T:
        """The value of `key`; `parse` raises ValueError("what; what would be right")."""
        self._asked.add(key)
        if key not in self:
            return default
        node = self._node.value[key]
        try:
            return parse(node.value)
        except ValueError as error:
            self.note(node.line, f"{key}: {error}")
            return default

    def given(self, **fields: tuple[str, Callable[[Any], Any]]) -> dict[str, Any]:
        """Arguments for a dataclass: each field whose key stands here, as its parser reads it; no others."""
        values = {field: self.get(key, parse, None) for field, (key, parse) in fields.items()}
        return {field: value for field, value in values.items() if value is not None}

    def need(self, key: str, parse: Callable[[Any], T], default: T, example: str) -> T:
        """As `get`, but a missing key is a mistake."""
        if key not in self:
            self.note(self.line, f"{key} is missing; write for example {key}: {example}")
        return self.get(key, parse, default)

    def note(self, line: int, text: str) -> None:
        """A mistake in this section; `text` is "what; what would be right"."""
        what, _, right = text.partition("; ")
        self.mistakes.add(line, f"{self.title}: {what}", right)

    def section(self, key: str, title: str | None = None) -> "Section":
        self._asked.add(key)
        node = self._node.value.get(key, Located({}, self.line))
        return Section(
            title or f"{self.title}: {key}", Located(node.value, self.at(key), node.keys, node.twice), self.mistakes
        )

    def sections(self, key: str, title: str) -> list[tuple[Name, "Section"]]:
        """Each entry of the mapping `key`, itself a mapping; `title` is what one of them is."""
        inner = self.section(key)
        return [(Name(name, inner.at(name)), inner.section(name, f"{title} {name}")) for name in inner]

    def holds_mapping(self, key: str) -> bool:
        return key in self and isinstance(self._node.value[key].value, dict)

    def entries(self, key: str, title: str) -> list["Section"]:
        """The list `key` of mappings."""
        return [
            Section(f"{self.title}: {title} {at}", node, self.mistakes) for at, node in enumerate(self.items(key), 1)
        ]

    def items(self, key: str) -> list[Located]:
        self._asked.add(key)
        node = self._node.value.get(key, Located([], self.line))
        if isinstance(node.value, list | None):
            return node.value or []
        self.note(node.line, f"{key} is {kind(node.value)}; write a list, [a, b]")
        return []

    def names(self, key: str, *, may_repeat: bool = False) -> tuple[Name, ...]:
        """The list of names `key`; empty where it is missing."""
        found: list[Name] = []
        for item in self.items(key):
            if not isinstance(item.value, str):
                self.note(item.line, f"{key} contains {kind(item.value)}; write names")
            elif not may_repeat and any(item.value == name.text for name in found):
                self.note(item.line, f"{key} names {item.value} twice; keep one of the two")
            else:
                found.append(Name(item.value, item.line))
        return tuple(found)

    def parsed(self, key: str, parse: Callable[[Any], T]) -> Iterator[T]:
        """The items of the list `key`, each as `parse` reads it; those that it refuses are noted and left out."""
        for item in self.items(key):
            try:
                yield parse(item.value)
            except ValueError as error:
                self.note(item.line, f"{key}: {error}")

    def plain(self) -> dict[str, Any]:
        """Every scalar that nobody asked for, as it is."""
        return {key: node.value for key, node in self._node.value.items() if key not in self._asked}

    def done(self) -> None:
        """Reports the keys that were never asked for."""
        for key in self:
            if key not in self._asked:
                self.note(self.at(key), f"{key} is no key here; {suggest(key, self._asked)}")
