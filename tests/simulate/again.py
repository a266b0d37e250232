"""`partners replay` in this world: what a partner has had is asked for once more, also while everything breaks."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from streams.contracts import names
from streams.contracts.facts import Facts, with_facts
from streams.contracts.headers import text
from streams.runtime.commands import AGAIN
from streams.testing.log import Stored
from streams.testing.process import Process
from tests.simulate.tables import View, view

if TYPE_CHECKING:
    from tests.simulate.world import World

Had = tuple[str, int, Stored]  # topic and partition of a delivery's record
_AT_REST = 2  # of each partner


class Again:
    """Asks as `cli.py partners replay` does; `found` is what did not become of it."""

    def __init__(self, world: "World") -> None:
        self._world, self._dice = world, world.dice
        self._producer = world.cluster.producer(Process("partners replay"), None)
        self.found: list[str] = []

    def begin(self) -> None:
        for _ in range(self._world.plan.repeats):
            self._world.clock.after(self._dice.uniform(0, self._world.plan.chaos_s), self._one)

    def at_rest(self) -> None:
        """Everybody is well: a delivery that is asked for is made, once, unless it is too late for it."""
        asked: dict[str, dict[str, Had]] = {}
        for group in self._world.partners:
            had = {text(each[2].headers, "ce_id") or "": each for each in self._had(group)}
            asked[group] = {id: had[id] for id in self._dice.sample(sorted(had), min(_AT_REST, len(had)))}
        before = {group: Counter(partner.taken) for group, partner in self._world.partners.items()}
        for group, wanted in asked.items():
            for had_once in wanted.values():
                self._ask(group, had_once)
        self._world.rest()
        for group, wanted in asked.items():
            is_late = self._world.topology.stanzas[group].deadline is not None  # a rest is longer than any of them
            more = Counter(self._world.partners[group].taken) - before[group]
            expected = Counter() if is_late else Counter(wanted.keys())
            if more != expected:
                self.found.append(f"{group} was to have {dict(expected)} again, and had {dict(more)}")

    def _one(self) -> None:
        group = self._dice.choice(list(self._world.partners))
        had = list(self._had(group))
        if had:
            self._ask(group, self._dice.choice(had))

    def _had(self, group: str) -> Iterator[Had]:
        """Behind the group's committed offsets, and neither dead nor still to come."""
        stanza, cluster = self._world.topology.stanzas[group], self._world.cluster
        for topic in (source.topic for source in stanza.sources if source.is_own):
            for number, log in enumerate(cluster.topics.by_name[topic].logs):
                unfinished = _unfinished(view(cluster, group, number))
                end = min(cluster.groups.of(group).offsets.of((topic, number)) or 0, log.stable_end)
                for stored in log.read(log.start, end):
                    if f"{topic}-{number}-{stored.offset}" not in unfinished:
                        yield topic, number, stored

    def _ask(self, group: str, had: Had) -> None:
        topic, number, stored = had
        self._world.say("the operator", f"asks {group} for {topic}-{number}-{stored.offset} again")
        at = topic, number, stored.offset, stored.time_ms
        self._world.repeated.add(f"{topic} {text(stored.headers, 'ce_id')}".encode())
        facts = Facts("deliver", *at, group, 0, stored.time_ms, stored.time_ms, "", "", "", "")
        headers: Any = [*with_facts(stored.headers, facts), ("xd_command", AGAIN.encode())]
        self._producer.produce(names.control(group), stored.value, stored.key, number, headers=headers)
        self._producer.flush()
        self._world.changed()


def _unfinished(found: View) -> set[str]:
    waiting = View({b"waiting\0" + key: value.partition(b"\n")[0] for key, value in found.table("waiting").items()})
    places = {"{topic}-{partition}-{offset}".format(**place) for place in waiting.json("waiting").values()}
    return places | found.json("open").keys() | {held["id"] or "" for held in found.json("held").values()}
