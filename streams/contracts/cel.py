"""Expressions of CEL over an event, `event.total_cents > 10000`: compiled once, and checked against its schema."""

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import celpy
from celpy import celtypes
from celpy.adapter import json_to_cel
from celpy.celparser import CELParseError
from celpy.evaluation import CELEvalError
from lark import Token, Tree

from streams.contracts.sample import sample
from streams.contracts.schema_paths import Schema, field_at, is_list

TYPES: dict[str, type] = {"string": str, "long": int, "double": float, "boolean": bool, "timestamp": datetime}
_MACROS = {"all", "exists", "exists_one", "filter", "map"}
_CHOICES = {"expr", "conditionalor", "conditionaland"}  # where an error of one part may hide behind another
_TYPE = re.compile(r"celtypes\.(\w+)Type\b")
logging.getLogger("celpy").setLevel(logging.CRITICAL)  # what fails is told by an exception, which is enough


class NotCel(ValueError):
    """A text is no expression of CEL."""


class Failed(Exception):
    """An expression has no value for this event, or none of the kind that is wanted; the message says why."""

    def __init__(self, message: str, is_for_every_event: bool = False) -> None:
        super().__init__(message)
        self.is_for_every_event = is_for_every_event


class Expression:
    """`paths` are the fields that it names by `event.a.b`; raises NotCel."""

    def __init__(self, text: str) -> None:
        self.text = text
        limit = sys.getrecursionlimit()
        self._environment = celpy.Environment(runner_class=celpy.CompiledRunner)
        sys.setrecursionlimit(limit)  # celpy raises it for the whole process
        try:
            self.tree = self._environment.compile(text)
            self._program = self._environment.program(self.tree)
        except CELParseError as error:
            raise NotCel(f"{text!r} is no expression of CEL, see column {error.column}") from error
        except (RecursionError, MemoryError) as error:
            raise NotCel("the expression is nested too deeply") from error
        except (SyntaxError, ValueError) as error:  # what celpy makes of it is Python, where other words are taken
            raise NotCel(f"{text!r} uses a name or number that cannot be used") from error
        self.paths = frozenset(_paths(self.tree))

    def holds(self, event: Mapping[str, Any]) -> bool:
        """Raises Failed."""
        found = self.value(event)
        if not isinstance(found, bool):
            raise Failed(f"{self.text}: {_told(found)} is neither true nor false", is_for_every_event=True)
        return found

    def value(self, event: Mapping[str, Any]) -> Any:
        """A plain value of one of TYPES; raises Failed."""
        return _plain(self.text, self._evaluated(self._program, event))

    def failures(self, event: Mapping[str, Any]) -> Iterator[Failed]:
        """Why it fails for this event, or an operand of && or ||, or a branch of ?:, though the whole may not."""
        for part in (self.tree, *_operands(self.tree)):
            try:
                # slower than what is compiled, and tells more
                self._evaluated(celpy.InterpretedRunner(self._environment, part), event)
            except Failed as failed:
                yield failed

    def _evaluated(self, program: celpy.Runner, event: Mapping[str, Any]) -> Any:
        try:
            return program.evaluate({"event": json_to_cel(dict(event))})
        except CELEvalError as error:
            raise _failed(self.text, error) from error
        except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise Failed(f"{self.text}: {type(error).__name__}: {error}") from error


def mistakes(text: str, schema: Schema, wanted: str) -> Iterator[str]:
    """What is wrong with an expression over events of this schema, each "what; what would be right".

    Found by its text, and by evaluating it and its parts for one made-up event.
    """
    try:
        expression = Expression(text)
    except NotCel as error:
        yield f"{error}; write for example event.total_cents >= 10000 && event.priority == 'priority'"
        return
    unknown = list(_unknown(expression, schema))
    yield from unknown or _misfits(expression, sample(schema), wanted)


def _unknown(expression: Expression, schema: Schema) -> Iterator[str]:
    for path in sorted(expression.paths):
        names = path.split(".")
        try:
            parts = [field_at(schema, ".".join(names[:end])) for end in range(1, len(names) + 1)]
        except ValueError as error:
            yield f"{expression.text}: {error}"
            continue
        for part in parts[:-1]:
            if is_list(part["type"]):
                right = f"write for example event.{path.partition('.')[0]}.exists(item, …)"
                yield f"{expression.text}: {part['name']} is a list; {right}"


def _misfits(expression: Expression, event: Mapping[str, Any], wanted: str) -> Iterator[str]:
    failures = list(expression.failures(event))
    said = {str(failed): None for failed in failures if failed.is_for_every_event}
    if not failures:
        try:
            found = expression.value(event)
            if type(found) is not TYPES[wanted]:
                said[f"{expression.text} is {_told(found)}, not {wanted}"] = None
        except Failed as failed:
            said[str(failed)] = None
    for what in said:
        yield f"{what}; compare and compute with values of one type, and write functions as CEL has them"


def _paths(tree: Tree[Any]) -> Iterator[str]:
    for each in tree.iter_subtrees():
        names = _names(each)
        if names and names[0] == "event" and len(names) > 1:
            yield ".".join(names[1:])


def _names(tree: Any) -> list[str]:
    """`event.a.b` as its names; none for whatever is not such a chain."""
    if isinstance(tree, Token):
        return []
    if tree.data == "member_dot":
        before = _names(tree.children[0])
        return [*before, str(tree.children[1])] if before else []
    if tree.data == "ident":
        return [str(tree.children[0])]
    return _names(tree.children[0]) if tree.data in ("member", "primary") and len(tree.children) == 1 else []


def _operands(tree: Any) -> Iterator[Any]:
    if isinstance(tree, Token):
        return
    is_choice = tree.data in _CHOICES and len(tree.children) > 1
    is_macro = tree.data == "member_dot_arg" and str(tree.children[1]) in _MACROS
    for child in tree.children[:1] if is_macro else tree.children:
        if is_choice and not isinstance(child, Token):
            yield child
        yield from _operands(child)


def _failed(text: str, error: CELEvalError) -> Failed:
    args: Any = error.args
    while len(args) == 3 and args[1] is CELEvalError:
        args = args[2]
    kind, what = args[1] if len(args) == 3 else None, str(args[0]).partition(" (in activation")[0]
    is_caused = CELEvalError.__name__ in str(args)  # by the failure of an operand, which is told itself
    if types := _TYPE.findall(what):
        what = f"{' and '.join(dict.fromkeys(name.lower() for name in types))} do not fit together here"
    return Failed(f"{text}: {what}", is_for_every_event=kind in (KeyError, TypeError) and not is_caused)


def _plain(text: str, value: Any) -> Any:
    if isinstance(value, bool | celtypes.BoolType):
        return bool(value)
    if isinstance(value, datetime):
        return datetime.combine(value.date(), value.timetz()).astimezone(UTC)
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise Failed(f"{text}: {_told(value)} can leave under no name", is_for_every_event=True)


def _told(value: Any) -> str:
    names = {kind: name for name, kind in TYPES.items()}
    return names.get(type(value), type(value).__name__.removesuffix("Type").lower())
