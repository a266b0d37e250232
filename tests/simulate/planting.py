"""How a deliberate bug comes into the runtime, and out of it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch


@dataclass(frozen=True, slots=True)
class Mutant:
    what: str
    owner: Any
    name: str
    instead: Any


MUTANTS: dict[str, Mutant] = {}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The runtime with this bug; without any where the name is empty."""
    if not name:
        yield
        return
    found = MUTANTS[name]
    is_property = isinstance(getattr(found.owner, found.name), property)
    with patch.object(found.owner, found.name, property(found.instead) if is_property else found.instead):
        yield


def mutant(owner: Any, attribute: str, what: str) -> Callable[[Any], Any]:
    """This function stands for that attribute; its name is the bug's."""

    def plant(instead: Any) -> Any:
        MUTANTS[instead.__name__.strip("_").replace("_", "-")] = Mutant(what, owner, attribute, instead)
        return instead

    return plant
