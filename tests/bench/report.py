"""Writes docs/bench.md: the words of report.md, the tables of the results, and the pictures beside them."""

from pathlib import Path

from tests.bench.results import Book


def write(book: Book, file: Path) -> None:
    """The document at `file`, its pictures in the folder of the same name."""
