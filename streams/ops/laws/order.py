"""Law 6: per key, everybody sees events in the order of the log; what was in dead letters may come out of turn."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from streams.contracts.topology import Stanza
from streams.ops.laws.history import Fact, History


def in_order(history: History) -> Iterator[str]:
    by_id: dict[str, list[Fact[Any]]] = defaultdict(list)
    written: dict[str, list[Fact[Any]]] = defaultdict(list)
    for fact in history.facts:
        by_id[fact.id].append(fact)
        written[fact.source or ""].append(fact)
    for stanza in history.topology.stanzas.values():
        if stanza.order == "key":
            yield from _outputs(history, stanza, written[stanza.group], by_id)
            yield from _deliveries(history, stanza)


def _outputs(
    history: History, stanza: Stanza, written: list[Fact[Any]], by_id: Mapping[str, list[Fact[Any]]]
) -> Iterator[str]:
    """What a group wrote because of one key's records stands in their order, in each partition that it wrote to."""
    dead, topics = history.dead([stanza.group]), {source.topic for source in stanza.sources}
    latest: dict[tuple[Any, ...], Fact[Any]] = {}
    for fact in written:
        causes = [each for each in by_id.get(fact.cause or "", ()) if each.topic in topics]
        if len(causes) != 1 or causes[0].place in dead or not causes[0].key:
            continue
        cause = causes[0]
        line = fact.topic, fact.partition, cause.topic, cause.partition, cause.key
        if cause.offset < latest.setdefault(line, cause).offset:
            yield f"{stanza.group} handled {latest[line]} before {cause}, both of key {cause.key}"
        latest[line] = max(cause, latest[line], key=lambda each: each.offset)


def _deliveries(history: History, stanza: Stanza) -> Iterator[str]:
    """Each message counts when the partner first took it, and where it stood first, should it have come again."""
    dead, seen = history.dead([stanza.group]), set[str]()
    turn: dict[str, int] = {}
    for at, message in enumerate(history.taken.get(stanza.group, ())):
        turn.setdefault(message, at)
    own = (fact for s in stanza.sources if s.is_own for fact in history.by_topic.get(s.topic, []))
    latest: dict[tuple[str, int, str], Fact[Any]] = {}
    for fact in own:
        is_repeat = fact.id in seen
        seen.add(fact.id)
        if is_repeat or fact.id not in turn or fact.place in dead or not fact.key:
            continue
        before = latest.setdefault((fact.topic, fact.partition, fact.key), fact)
        if turn[fact.id] < turn[before.id]:
            yield f"{stanza.group} got {fact} before {before}, both of key {fact.key}"
        else:
            latest[fact.topic, fact.partition, fact.key] = fact
