"""Law 5: what a partner subscribed to reaches it effectively once, or lies in its dead letters."""

from collections import Counter
from collections.abc import Iterator

from streams.contracts import names
from streams.contracts.topology import Source, Stanza
from streams.ops.laws.history import History, Place


def delivered_once(history: History) -> Iterator[str]:
    for stanza in history.topology.stanzas.values():
        if stanza.kind == "partner":
            dead = history.dead([stanza.group])
            for source in stanza.sources:
                yield from (
                    _delivered(history, stanza, source, dead)
                    if source.is_own
                    else _translated(history, stanza, source, dead)
                )
            yield from _unknown(history, stanza)


def _translated(history: History, stanza: Stanza, source: Source, dead: set[Place]) -> Iterator[str]:
    own = history.by_topic.get(names.partner_topic(stanza.group, source.topic), [])
    made = Counter(fact.cause for fact in own)
    published = history.by_topic.get(source.topic, [])
    wanted = Counter(fact.id for fact in published)
    buried = Counter(fact.id for fact in published if fact.place in dead)
    for fact in published:
        times = made[fact.id]
        if times > wanted[fact.id]:
            yield f"{fact} became {times} messages for {stanza.group}"
        elif times < wanted[fact.id] - buried[fact.id] and source.start == "beginning":
            yield f"{fact} never became a message for {stanza.group}"


def _delivered(history: History, stanza: Stanza, source: Source, dead: set[Place]) -> Iterator[str]:
    if stanza.group not in history.taken:
        return
    taken = set(history.taken[stanza.group])
    for fact in history.by_topic.get(source.topic, []):
        if fact.id not in taken and fact.place not in dead:
            yield f"{fact} ({fact.id}) neither reached {stanza.group} nor lies in its dead letters"


def _unknown(history: History, stanza: Stanza) -> Iterator[str]:
    own = {fact.id for s in stanza.sources if s.is_own for fact in history.by_topic.get(s.topic, [])}
    for message in dict.fromkeys(history.taken.get(stanza.group, ())):
        if message not in own:
            yield f"{stanza.group} got {message}, which was never meant for it"
