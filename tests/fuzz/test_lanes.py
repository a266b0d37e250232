"""Retry lanes and control topics: topics of ours that an outsider may write to all the same."""

from dataclasses import replace

from hypothesis import example
from hypothesis import strategies as st

from streams.contracts.facts import Facts, with_facts
from tests.fuzz.properties import fuzz
from tests.fuzz.strategies import BYTES, NUMBERS, TEXTS
from tests.fuzz.system import system
from tests.fuzz.test_records import KEYS, ORDERS, RECEIPTS
from tests.subscribers.orders import order

FACTS = Facts("handle", ORDERS, 0, 7, 1_700_000_000_000, "notifications", 1, 1, 2, "E", "m", "s", "f")
TOPICS = st.sampled_from(["notifications.control", "notifications.retry.1", "notifications.retry.2"])
COMMANDS = st.sampled_from(["replay", "drop", "admit", "pause", "resume", "", "shutdown"])
Headers = list[tuple[str, bytes | None]]


@st.composite
def headers(draw: st.DrawFn) -> Headers:
    """Facts as ours, some of them written by somebody else; perhaps a command, and when it is due."""
    found: Headers = list(with_facts([], FACTS, 5))
    if draw(st.booleans()):
        found = [("xd_command", draw(COMMANDS).encode()), *found]
    for at in draw(st.lists(st.integers(0, len(found) - 1), max_size=4)):
        found[at] = found[at][0], draw(st.one_of(NUMBERS, TEXTS)).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 4)) == 0:
        del found[draw(st.integers(0, len(found) - 1))]
    return found


def with_one(name: str, value: bytes, command: bytes = b"admit") -> Headers:
    return [("xd_command", command)] + [(n, value if n == name else v) for n, v in with_facts([], FACTS, 5)]


@fuzz("lanes", 50, topic=TOPICS, key=KEYS, value=BYTES | st.none(), headers=headers())
@example(topic="notifications.retry.1", key=b"k", value=b"v", headers=with_one("xd_due_at", b"9" * 5000))
@example(topic="notifications.retry.1", key=b"k", value=b"v", headers=with_one("xd_due_at", b"9" * 400))
@example(topic="notifications.control", key=b"k", value=b"v", headers=with_one("xd_timestamp", b"9" * 30))
@example(topic="notifications.control", key=b"k", value=b"v", headers=with_one("xd_timestamp", b"-" + b"9" * 18))
@example(topic="notifications.control", key=b"k", value=b"v", headers=with_one("xd_partition", b"9" * 30))
@example(topic="notifications.control", key=b"k", value=b"v", headers=with_one("xd_offset", b"9" * 30))
@example(topic="notifications.control", key=b"k", value=b"v", headers=with_one("xd_attempts", b"9" * 400))
@example(topic="notifications.control", key=b"k", value=b"v", headers=with_one("xd_topic", b"no.such.topic"))
def test_whatever_stands_in_a_lane_or_command_the_engine_goes_on(
    topic: str, key: bytes | None, value: bytes | None, headers: Headers
) -> None:
    app = system("notifications")
    neighbour = app.renew()
    app.write(topic, key, value, headers)
    app.settle(replace(order("toys"), order_id=neighbour))
    assert [one.key for one in app.news(RECEIPTS)] == [neighbour.encode()]
    assert all((one.key, one.value) == (key, value) for one in app.letters("notifications"))
