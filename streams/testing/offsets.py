"""A group's committed offsets, and those that a transaction has not decided yet."""

from collections.abc import Iterable, Mapping

from streams.testing.topics import Place


class Offsets:
    def __init__(self) -> None:
        self._committed: dict[Place, int] = {}
        self._pending: dict[int, dict[Place, int]] = {}  # by producer

    def commit(self, offsets: Mapping[Place, int]) -> None:
        self._committed |= offsets

    def pend(self, producer: int, offsets: Mapping[Place, int]) -> None:
        self._pending.setdefault(producer, {}).update(offsets)

    def decide(self, producer: int, is_commit: bool) -> None:
        pending = self._pending.pop(producer, {})
        if is_commit:
            self._committed |= pending

    def of(self, place: Place) -> int | None:
        return self._committed.get(place)

    def is_undecided(self, places: Iterable[Place]) -> bool:
        return any(place in pending for place in places for pending in self._pending.values())
