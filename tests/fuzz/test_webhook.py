"""Webhook answers: whatever a partner answers, it is a delivery, an outage, a stop, or a refusal; in time."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import example
from hypothesis import strategies as st

from streams.channels import Rejected
from streams.channels.webhook import Webhook, _retry_after
from streams.contracts.topology import Channel
from streams.domain.failure import Gone, Unreachable
from tests.channels.deliveries import delivery
from tests.fuzz.properties import fuzz, tells
from tests.fuzz.server import Script, server
from tests.fuzz.strategies import BYTES, NUMBERS, TEXTS, spliced

SECRET = {"S": "whsec_Y3Jvc3Nkb2NrLXRlc3RzLXNlY3JldC1vZi0zMi1ieXRlcw=="}
NOW = datetime(2026, 11, 22, tzinfo=UTC)
DATE = "Sun, 22 Nov 2026 19:00:00 GMT"
DATES = st.one_of(
    NUMBERS,
    TEXTS,
    st.builds("{}, {} Nov {} {}:00:00 {}".format, *[NUMBERS | st.text(max_size=4)] * 5),
    spliced(DATE.encode()).map(lambda text: text.decode("utf-8", "surrogateescape")),
)
STATUSES = st.one_of(
    st.integers(100, 599), st.integers(0, 99_999), st.sampled_from([200, 410, 429, 503, 301, 101, 204, 304])
)
BODIES = st.one_of(BYTES, st.sampled_from([b"", b"x" * 200_000, b"\xff" * 2000]))


@fuzz("webhook", 90, value=st.none() | DATES)
@example(value="Mon, 01 Jan 99999999999 00:00:00 GMT")
@example(value="9" * 5000)
def test_a_wait_that_a_partner_asks_for_is_a_day_at_most(value: str | None) -> None:
    assert timedelta(0) <= _retry_after(value, NOW) <= timedelta(days=1)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """An HTTP answer, most of it as it should be."""
    body = draw(BODIES)
    headers = {"Content-Length": str(len(body)).encode()}
    for name in draw(
        st.lists(
            st.sampled_from(
                [
                    "Retry-After",
                    "Content-Length",
                    "Transfer-Encoding",
                    "Content-Encoding",
                    "Location",
                    "Set-Cookie",
                    "Content-Type",
                    "Connection",
                ]
            ),
            max_size=3,
        )
    ):
        headers[name] = draw(
            st.one_of(
                BYTES,
                DATES.map(lambda text: text.encode("utf-8", "surrogateescape")),
                st.sampled_from([b"chunked", b"gzip", b"http://[", b"keep-alive"]),
            )
        )
    lines = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers.items())
    whole = b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (draw(STATUSES), draw(st.sampled_from([b"OK", b"", b"\xff"])), lines, body)
    return draw(spliced(whole)) if draw(st.integers(0, 3)) == 0 else whole


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def run(work: Coroutine[Any, Any, None]) -> None:
    _loop().run_until_complete(asyncio.wait_for(work, 5))


async def deliver(timeout_s: float) -> None:
    options = {"secret_env": "S", "allow_private": True}
    channel = Webhook(Channel("webhook", server().url, timeout=timedelta(seconds=timeout_s), options=options), SECRET)
    try:
        assert list(await channel.deliver(delivery())) == []
    finally:
        await channel.close()


def late(status: int, value: bytes) -> bytes:
    return b"HTTP/1.1 %d x\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n" % (status, value)


@fuzz("webhook", 40, answer=st.one_of(answers(), answers(), BYTES), then=st.sampled_from(["close", "close", "cut"]))
@example(answer=late(503, b"Mon, 01 Jan 99999999999 00:00:00 GMT"), then="close")
@example(answer=late(429, b"\xd9\xa3" * 3), then="close")
@example(answer=b"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", then="cut")
def test_every_answer_is_a_delivery_an_outage_a_stop_or_a_refusal(answer: bytes, then: str) -> None:
    server().script = Script(answer, then)
    try:
        run(deliver(1))
        assert answer.startswith(b"HTTP/1."), "taken without an answer"
    except (Unreachable, Gone, Rejected) as error:
        tells(error)


@fuzz("webhook", 1, answer=answers())
def test_an_answer_that_never_ends_is_given_up_in_time(answer: bytes) -> None:
    server().script = Script(answer, "hang")
    try:
        run(deliver(0.2))
    except (Unreachable, Gone, Rejected) as error:
        tells(error)
