"""A dead letter as tests see it."""

from typing import NamedTuple, Self

from streams.contracts.facts import Facts, facts_of
from streams.runtime.outside import Stored


class Letter(NamedTuple):
    """The record as it lies there, and the facts that it carries."""

    stored: Stored
    facts: Facts

    @classmethod
    def of(cls, stored: Stored) -> Self:
        facts = facts_of(stored.headers)
        assert facts is not None, f"{stored.id} is no dead letter: {stored.headers}"
        return cls(stored, facts)

    @property
    def id(self) -> str:
        """topic-partition-offset of the record that failed."""
        return f"{self.facts.topic}-{self.facts.partition}-{self.facts.offset}"
