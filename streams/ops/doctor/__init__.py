"""What is wrong with a set-up, why it matters and what to do about it."""

from collections.abc import Iterator

from streams.ops.doctor import clock, groups, partners, placement, setup
from streams.ops.doctor.finding import Case, Finding

__all__ = ["Case", "Finding", "examine"]

CHECKS = (
    setup.prefix,
    setup.topics,
    setup.schemas,
    clock.difference,
    groups.lost_offsets,
    groups.offsets_out_of_range,
    groups.near_the_end_of_retention,
    groups.nobody_works,
    partners.unusable_channels,
    partners.unusable_receivers,
    partners.orphans,
    placement.misplaced_records,
)


def examine(case: Case) -> Iterator[Finding]:
    """Every finding, check by check; raises Unavailable where Kafka does not answer."""
    case.cluster.topics  # noqa: B018  # without a broker nothing else can be said
    for check in CHECKS:
        yield from check(case)
