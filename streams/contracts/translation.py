"""What of an event leaves to a partner: which events, which fields under which names, which personal data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from streams.contracts.records import row
from streams.contracts.schema_paths import Schema, blanked, defined, field_at, personal, value_at
from streams.domain.delivery import Mapped
from streams.domain.events import Event

if TYPE_CHECKING:
    from streams.contracts.cel import Expression

Read = Callable[[Event], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A new name for what a path of the event leads to, or for the result of a CEL expression, of this type."""

    name: str
    path: str = ""
    cel: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """Without `where` every event leaves, without `fields` every field; of personal data only what is named."""

    where: str = ""
    fields: tuple[Field, ...] = ()
    pii: tuple[str, ...] = ()


def hidden(schema: Schema, named: Iterable[str]) -> list[str]:
    """The paths to personal data that stay here, unless they, or what they are in, are named."""
    allowed = tuple(named)
    return [path for path in personal(schema) if not any(f"{path}.".startswith(f"{name}.") for name in allowed)]


def translator(schema: Schema, translation: Translation) -> Callable[[Event], Event | None]:
    """Makes of an event of this schema what leaves of it; None: it stays here. May raise cel.Failed, compiles here."""
    whole = defined(schema)
    chosen = _chooser(translation.where)
    said = _mapper(whole, translation) if translation.fields else _blanker(whole, hidden(whole, translation.pii))

    def translate(event: Event) -> Event | None:
        return said(event) if chosen(event) else None

    return translate


def _chooser(where: str) -> Callable[[Event], bool]:
    if not where:
        return lambda _: True
    expression = _expression(where)
    return lambda event: expression.holds(row(event))


def _mapper(schema: Schema, translation: Translation) -> Callable[[Event], Mapped]:
    readers = {field.name: _reader(schema, field, translation.pii) for field in translation.fields}

    def mapped(event: Event) -> Mapped:
        return Mapped(time=event.time, fields={name: read(event) for name, read in readers.items()})

    return mapped


def _reader(schema: Schema, field: Field, pii: tuple[str, ...]) -> Read:
    """A path names what it leads to, and no personal data inside it; an expression names the paths that it has."""
    if field.cel:
        expression = _expression(field.cel)
        stays = [path for path in hidden(schema, pii) if not _is_named(path, expression.paths)]
        shown = _blanker(schema, stays)
        return lambda event: expression.value(row(shown(event)))
    names = field.path.split(".")
    within = [path.split(".")[len(names) :] for path in hidden(schema, pii) if path.startswith(f"{field.path}.")]
    if not within:
        return partial(value_at, names=names)
    return lambda event: _without(field_at(schema, field.path)["type"], value_at(event, names), within)


def _is_named(path: str, named: Iterable[str]) -> bool:
    """Whether one of the paths is this one, or leads into it."""
    return any(f"{name}.".startswith(f"{path}.") for name in named)


def _blanker(schema: Schema, paths: list[str]) -> Callable[[Any], Any]:
    split = [path.split(".") for path in paths]
    return lambda event: _without(schema, event, split)


def _without(schema: Schema, value: Any, paths: list[list[str]]) -> Any:
    for names in paths:
        value = blanked(schema, value, names)
    return value


def _expression(text: str) -> "Expression":
    """CEL is loaded where a map uses it only: it is large."""
    from streams.contracts.cel import Expression

    return Expression(text)
