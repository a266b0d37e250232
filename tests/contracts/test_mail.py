"""A record as a mail: who gets it, what it says, and when it is none."""

from dataclasses import replace
from typing import Any

import pytest

from streams.contracts.mail import Letterhead, address, mail
from streams.domain.failure import Poison
from tests.channels.deliveries import delivery

RECEIPT = {"order_id": "17", "customer": {"mail": "ana@example.org"}, "total_cents": 12345, "items": [{"product": "p"}]}
HEAD = Letterhead(address("shop@example.com"), "customer.mail", "Your order {order_id}")


def written(head: Letterhead = HEAD, number: str = "id-1", **fields: Any) -> Any:
    return mail(replace(delivery(number), fields=RECEIPT | fields), head)


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("customer.mail", "ana@example.org"),
        ("{order_id}@orders.example", "17@orders.example"),
        ("sales@example.net", "sales@example.net"),
    ],
)
def test_to_is_a_field_or_an_address_with_fields_in_it(to: str, expected: str) -> None:
    assert str(written(replace(HEAD, to=to))["To"]) == expected


def test_without_a_text_every_field_has_a_line() -> None:
    assert written().get_content().splitlines() == [
        "Order id: 17",
        "Customer mail: ana@example.org",
        "Total: 123.45",
        "Items 1 product: p",
    ]


def test_a_text_has_its_fields_filled_in_and_cents_their_point() -> None:
    text = "Thank you for order {order_id}: {total_cents} €.\n"
    assert written(replace(HEAD, text=text)).get_content() == "Thank you for order 17: 123.45 €.\n"
    assert written(replace(HEAD, text="{total_cents}"), total_cents=-5).get_content() == "-0.05\n"


@pytest.mark.parametrize("number", ["order 17/ä", "x" * 500, "a..b", ".a"])
def test_a_repeat_has_the_same_message_id_and_any_id_makes_a_right_one(number: str) -> None:
    first, again = written(number=number), written(number=number)
    assert first.as_bytes() == again.as_bytes()
    local, _, domain = str(first["Message-ID"]).strip("<>").partition("@")
    assert (len(local), domain) == (64, "example.com")


def test_it_says_that_no_person_wrote_it_and_when_it_happened() -> None:
    assert written()["Auto-Submitted"] == "auto-generated"
    assert written()["Date"] == "Sun, 22 Nov 2026 14:03:05 +0000"


@pytest.mark.parametrize(
    ("head", "fields", "reason"),
    [
        (HEAD, {"customer": {}}, r"the record has no customer\.mail"),
        (HEAD, {"customer": {"mail": None}}, r"the record has no customer\.mail"),
        (HEAD, {"customer": "ana"}, r"the record has no customer\.mail"),
        (HEAD, {"customer": {"mail": "ana"}}, "'ana' is no mail address; write user@host"),
        (HEAD, {"customer": {"mail": ""}}, "'' is no mail address"),
        (HEAD, {"customer": {"mail": "a@b.example, eve@evil.example"}}, "is no mail address"),
        (HEAD, {"customer": {"mail": "a@b.example\r\nBcc: eve@evil.example"}}, "is no mail address"),
        (HEAD, {"customer": {"mail": "são@b.example"}}, "is no mail address"),
        (HEAD, {"order_id": "17\r\nBcc: eve@evil.example"}, "linefeed or carriage return"),
        (replace(HEAD, text="{nothing.here}"), {}, r"the record has no nothing\.here"),
    ],
)
def test_what_makes_no_mail_is_poison_with_its_reason(head: Letterhead, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Poison, match=reason):
        written(head, **fields)
