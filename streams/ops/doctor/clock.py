"""Whether this machine and the broker agree on the time."""

from collections.abc import Iterator

from streams.contracts import names
from streams.ops.doctor.finding import Case, Finding
from streams.runtime.broker_clock import ahead_ms


def difference(case: Case) -> Iterator[Finding]:
    """A difference beyond the map's max_clock_skew."""
    topics = [names.control(group) for group in case.topology.stanzas]
    existing = [topic for topic in topics if topic in case.cluster.topics]
    ahead = ahead_ms(case.cluster.settings, existing[0], case.clock) if existing else None
    limit_ms = case.topology.max_clock_skew.total_seconds() * 1000
    if ahead is not None and abs(ahead) > limit_ms:
        yield Finding(
            f"the broker's clock is {abs(ahead):.0f} ms {'ahead of' if ahead > 0 else 'behind'} this machine's; "
            f"max_clock_skew is {limit_ms:.0f} ms",
            "a worker here would fire timers early or late by the broker's clock",
            "keep both clocks right (NTP), or raise max_clock_skew in the map",
        )
