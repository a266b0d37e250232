"""In what the databases differ, as far as an outbox needs them; everything else is said in the same SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Dialect:
    """`connect` gives an open DB-API connection in autocommit.

    `quote` stands around a name; `text` casts the column {}; `ago` is the time %s seconds before now; `age` is how
    many seconds the time {} lies back; `begin` starts a
    transaction whose every statement reads what is committed by then; `errors` are what the driver raises, `explained`
    says what to do about one of them.
    """

    quote: str
    text: str
    ago: str
    age: str
    begin: str
    connect: Callable[[], Any]
    errors: tuple[type[Exception], ...]
    explained: Callable[[Exception], str]

    def quoted(self, name: str) -> str:
        """`shop.outbox` as the database wants it, each part in quotes."""
        return ".".join(f"{self.quote}{part}{self.quote}" for part in name.split("."))
