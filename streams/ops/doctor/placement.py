"""Records that do not lie on their key's partition: their producer hashes otherwise."""

from collections import Counter
from collections.abc import Iterator

from streams.contracts.partitioner import partition_of
from streams.ops.doctor.finding import Case, Finding
from streams.runtime.outside import Stored

SAMPLE = 200  # newest records of each partition


def misplaced_records(case: Case) -> Iterator[Finding]:
    """One finding a topic, from a sample of its newest records."""
    topics = [topic for topic in case.topology.events if topic in case.cluster.topics]
    places = [place for topic in topics for place in case.cluster.places(topic)]
    since = {place: end - SAMPLE for place, end in case.cluster.ends(places).items()}
    misplaced: dict[str, list[Stored]] = {}
    seen: Counter[str] = Counter()
    for record in case.cluster.read(places, since=since):
        seen[record.topic] += 1
        count = case.cluster.topics[record.topic]
        if record.key is not None and partition_of(record.key, count) != record.partition:
            misplaced.setdefault(record.topic, []).append(record)
    for topic, records in misplaced.items():
        yield _finding(topic, records, seen[topic])


def _finding(topic: str, records: list[Stored], seen: int) -> Finding:
    sources = sorted({_source(record) for record in records})
    return Finding(
        f"{len(records)} of {seen} sampled records of {topic} are not on their key's partition, such as "
        f"{records[0].id}; written by {', '.join(sources)}",
        "records of one key must share a partition: apps with state bury these, the others lose their order",
        "set its producer's partitioner to murmur2 (librdkafka: partitioner=murmur2_random); replay what was buried",
    )


def _source(record: Stored) -> str:
    named = next(
        (value for name, value in record.headers if name == "ce_source" and value), b"a producer without ce_source"
    )
    return named.decode(errors="replace")
