"""The laws of docs/guarantees.md checked from outside, over all that the topics hold once the system is at rest."""

from streams.ops.laws.history import Fact, History, Letter
from streams.ops.laws.judge import Verdict, judge
from streams.ops.laws.reading import read, taken_from_log

__all__ = ["Fact", "History", "Letter", "Verdict", "judge", "read", "taken_from_log"]
