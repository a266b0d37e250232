"""Every topic, group and subject name, derived in one place; `prefix` stands before each of them on the cluster."""

import re
from dataclasses import dataclass

SCHEMAS = "_schemas"  # one for the whole cluster, never with the prefix
_LANE = re.compile(r"(.+)\.retry\.\d+")


@dataclass(frozen=True, slots=True)
class Names:
    """Names as the cluster knows them; everything else in the code uses the logical names of the map."""

    prefix: str = ""

    def topic(self, logical: str) -> str:
        return self.prefix + logical

    def logical(self, topic: str) -> str:
        return topic.removeprefix(self.prefix)

    def group(self, group: str) -> str:
        return self.prefix + group

    def subject(self, topic: str) -> str:
        return f"{self.prefix}{topic}-value"


def lane(group: str, number: int) -> str:
    return f"{group}.retry.{number}"


def group_of_lane(topic: str) -> str | None:
    """The group whose retry lane this topic is; None where it is none."""
    found = _LANE.fullmatch(topic)
    return found[1] if found else None


def dead(group: str) -> str:
    return f"{group}.dead"


def control(group: str) -> str:
    return f"{group}.control"


def changelog(group: str) -> str:
    return f"{group}.changelog"


def inbound(context: str) -> str:
    """The group that takes in what a context's own broker holds."""
    return f"{context}.in"


def outbox(context: str) -> str:
    """The group that takes in what a context writes into its database's outbox."""
    return f"{context}.outbox"


def outbound(context: str) -> str:
    """The group that carries out to a context's own broker."""
    return f"{context}.out"


def received(group: str) -> str:
    """Messages of an inbound group as they came."""
    return f"{group}.received"


def partner_topic(partner: str, event: str) -> str:
    return f"{partner}.{event}"


def lead_id(order_id: str) -> str:
    return f"lead-{order_id}"
