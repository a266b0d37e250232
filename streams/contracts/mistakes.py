"""What is wrong with the map: every mistake at once, each with its line and what would be right."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from click import ClickException


class TopologyError(ClickException):
    """The map cannot be used; the text has one line a mistake, `FILE:LINE: what is wrong; what would be right`.

    Apps are built while `faust -A` imports them: only click's own kind of error shows there without a traceback.
    """


class Mistakes:
    """Collects the mistakes of one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._found: set[tuple[int, str]] = set()

    def add(self, line: int, what: str, right: str) -> None:
        # a name out of the file may hold line breaks or a terminal's escapes
        told = " ".join(f"{what}; {right}".split())
        self._found.add((line, "".join(letter if letter.isprintable() else "?" for letter in told)))

    def raise_any(self) -> None:
        if self._found:
            raise TopologyError("\n".join(f"{_shown(self._file)}:{line}: {text}" for line, text in sorted(self._found)))


def suggest(name: str, known: Iterable[str]) -> str:
    """What would be right instead of an unknown `name`: the closest of `known`, or all of them."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known are {', '.join(names)}" if names else "none is known"


def _shown(file: Path) -> Path:
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file
