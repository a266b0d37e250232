"""Where the groups stand: offsets that were lost, fell out of their topic, or are about to."""

from collections.abc import Iterator
from datetime import timedelta

from streams.contracts import names
from streams.contracts.topology import Stanza
from streams.ops.doctor.finding import Case, Finding
from streams.ops.lag import inputs, lags
from streams.runtime.outside import Place


def lost_offsets(case: Case) -> Iterator[Finding]:
    """A group without offsets whose changelog, lanes or dead letters hold records: it refuses to start."""
    committed = case.cluster.committed(case.topology.stanzas)
    for group, stanza in case.topology.stanzas.items():
        if committed[group]:
            continue
        held = [topic for topic in _own_topics(case, stanza) if _holds_records(case, topic)]
        if held:
            yield Finding(
                f"{group} has committed no offsets, yet {', '.join(held)} hold records",
                "the group's offsets were lost (deleted, or expired while it stood still); beginning anew would handle "
                "every record again, so its workers stop",
                f"set the offsets of group {case.cluster.names.group(group)} to where it was (kafka-consumer-groups "
                "--reset-offsets), or, to begin anew, delete these topics and run `topics apply`",
            )


def offsets_out_of_range(case: Case) -> Iterator[Finding]:
    """A committed offset before the first record kept, or behind the end."""
    committed = case.cluster.committed(case.topology.stanzas)
    places = {place for offsets in committed.values() for place in offsets if place[0] in case.cluster.topics}
    starts, ends = case.cluster.starts(places), case.cluster.ends(places)
    for group, offsets in committed.items():
        for place in places & offsets.keys():
            if not starts[place] <= offsets[place] <= ends[place]:
                yield _out_of_range(group, place, offsets[place], (starts[place], ends[place]))


def near_the_end_of_retention(case: Case) -> Iterator[Finding]:
    """Unread records older than half of their topic's retention."""
    kept = {
        (group, source.topic): source.event.retention
        for group, stanza in case.topology.stanzas.items()
        for source in stanza.sources
    }
    for lag in lags(case.cluster, case.topology, case.clock()):
        retention = kept.get((lag.group, lag.topic))
        if retention is not None and timedelta(seconds=lag.seconds) > retention / 2:
            yield Finding(
                f"{lag.group} has not read {lag.records} records of {lag.topic}-{lag.partition}; the oldest is "
                f"{timedelta(seconds=round(lag.seconds))} old, the topic keeps {retention}",
                "records that leave the topic unread are lost",
                f"let {lag.group} catch up (`partners list`, `lag {lag.group}`), or raise the retention in the map and "
                "run `topics apply`",
                is_problem=False,
            )


def nobody_works(case: Case) -> Iterator[Finding]:
    """Groups with unread records and without a worker."""
    behind = {lag.group for lag in lags(case.cluster, case.topology, case.clock()) if lag.records}
    for group, members in sorted(case.cluster.members(behind).items()) if behind else ():
        if not members:
            yield Finding(
                f"{group} has unread records and no worker", "they wait", f"run `run {group}`", is_problem=False
            )


def _own_topics(case: Case, stanza: Stanza) -> list[str]:
    lanes = [topic for topic in inputs(stanza, case.cluster.topics) if names.group_of_lane(topic)]
    wanted = [names.changelog(stanza.group), *lanes, names.dead(stanza.group)]
    return [topic for topic in wanted if topic in case.cluster.topics]


def _holds_records(case: Case, topic: str) -> bool:
    places = case.cluster.places(topic)
    return any(True for _ in case.cluster.read(places, limit=1))


def _out_of_range(group: str, place: Place, offset: int, kept: tuple[int, int]) -> Finding:
    what = f"{group} has committed offset {offset} of {place[0]}-{place[1]}, which holds {kept[0]} to {kept[1]}"
    if offset < kept[0]:
        why = "retention removed records that it had not read; its workers stop rather than step over them"
        return Finding(what, why, f"accept the loss by setting its offset to {kept[0]} (kafka-consumer-groups)")
    why = "the topic was deleted and made again, or restored from an older copy; its workers stop"
    return Finding(what, why, f"set its offset to {kept[0]} to read the new topic (kafka-consumer-groups)")
