"""A `Courier` whose deliveries end when a test says so; passes the same conformance suite as LoopCourier."""

from streams.domain.effects import Effect
from streams.runtime.lines import Item

Result = list[Effect] | Exception


class HandCourier:
    """`sent` is every delivery in the order it went out, `flying` those whose end is awaited."""

    def __init__(self) -> None:
        self.sent: list[Item] = []
        self.flying: list[Item] = []
        self._landed: list[tuple[Item, Result]] = []

    def send(self, items: list[Item]) -> None:
        self.sent += items
        self.flying += items

    def landed(self) -> list[tuple[Item, Result]]:
        landed, self._landed = self._landed, []
        return landed

    def recall(self, items: list[Item]) -> None:
        self.flying = [item for item in self.flying if item not in items]

    def land(self, item: Item, result: Result) -> None:
        self.flying.remove(item)
        self._landed.append((item, result))
