"""What stood in retry lanes, also what was trimmed since: nothing is tried before it is due."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from streams.contracts import names
from streams.contracts.facts import due_at_ms, facts_of

if TYPE_CHECKING:
    from tests.simulate.world import World

Try = tuple[str, str, int, int, int]  # group; topic, partition and offset of the record; how often it had failed


class Lanes:
    """When each failed try was to be repeated, and when its repeat failed, too (epoch ms of workers' clocks)."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._due: dict[Try, int] = {}
        self._failed: dict[Try, int] = {}

    def keep(self) -> None:
        """Before somebody trims them."""
        for group, spec in self._world.specs.items():
            if spec.stanza.channel is None:  # an outage gives failures back
                ladder = spec.stanza.ladder.delays
                for topic in [*(names.lane(group, n + 1) for n in range(len(ladder))), names.dead(group)]:
                    self._read(group, topic)

    def early(self) -> Iterator[str]:
        """Clocks that differ make no statement."""
        self.keep()
        for tried, failed in self._failed.items():
            due = self._due.get((*tried[:-1], tried[-1] - 1))
            if due is not None and failed < due and not self._world.plan.is_skewed:
                yield f"{tried[0]} tried {tried[1]}-{tried[2]}-{tried[3]} again {due - failed} ms too early"

    def _read(self, group: str, topic: str) -> None:
        for log in self._world.cluster.topics.by_name[topic].logs:
            for stored in log.read(log.start, log.stable_end):
                facts, due = facts_of(stored.headers), due_at_ms(stored.headers)
                if facts is not None:
                    tried = group, facts.topic, facts.partition, facts.offset, facts.attempts
                    self._failed[tried] = facts.last_failed_at_ms
                    if due is not None:
                        self._due[tried] = due
