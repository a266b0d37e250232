"""Signatures of Standard Webhooks: each secret signs, and what an independent receiver takes is ours."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Receiver

from streams.contracts.signatures import NoSecret, is_signed_by, signer


def hmac_secret(byte: bytes) -> str:
    return "whsec_" + base64.b64encode(byte * 24).decode()


def key_secret(byte: bytes, *, both_halves: bool = False) -> str:
    public = Ed25519PrivateKey.from_private_bytes(byte * 32).public_key().public_bytes_raw()
    return "whsk_" + base64.b64encode(byte * 32 + (public if both_halves else b"")).decode()


OLD, NEW, KEY = hmac_secret(b"o"), hmac_secret(b"n"), key_secret(b"k")
SPECIMEN = ("msg_1", "1674087231", b'{"a":1}')


def test_a_secret_signs_as_the_specification_says() -> None:
    """Computed once with openssl over `msg_1.1674087231.{"a":1}`."""
    assert signer("S", {"S": OLD})(*SPECIMEN) == "v1,E8lFTpBBL0O+YJzqiUCV33CQozo9iRKPuJeTEn1mzp8="


@pytest.mark.parametrize("option", ["S", ["S"], ("A", "B")])
def test_each_of_several_secrets_signs_in_their_order(option: Any) -> None:
    env = {"S": f"{NEW} {OLD}\n{KEY}", "A": f"{NEW} {OLD}", "B": KEY}
    versions = [each.partition(",")[0] for each in signer(option, env)(*SPECIMEN).split(" ")]
    assert versions == ["v1", "v1", "v1a"]


@given(id=st.text("abc-019", min_size=1), body=st.binary())
def test_during_a_rotation_receivers_with_either_secret_take_the_same_message(id: str, body: bytes) -> None:
    now = str(int(datetime.now(UTC).timestamp()))
    text = body.hex()
    signed = signer(("S", "T"), {"S": f"{NEW} {KEY}", "T": OLD})(id, now, text.encode())
    headers = {"webhook-id": id, "webhook-timestamp": now, "webhook-signature": signed}
    for secret in (OLD, NEW):
        Receiver(secret).verify(text, headers, json_parse=False)
    assert is_signed_by(KEY, signed, id, now, text.encode())
    assert not is_signed_by(KEY, signed, id, now, text.encode() + b"!")
    assert not is_signed_by(key_secret(b"x"), signed, id, now, text.encode())


def test_a_secret_key_may_have_its_public_half_behind_it() -> None:
    whole = signer("S", {"S": key_secret(b"k", both_halves=True)})(*SPECIMEN)
    assert whole == signer("S", {"S": KEY})(*SPECIMEN)


@pytest.mark.parametrize(
    "secret",
    [
        "whsk_", "whsk_aaaa", "whpk_" + KEY.removeprefix("whsk_"), f"{OLD} nonsense", "whsec_a|b",
        "whsk_" + base64.b64encode(b"k" * 64).decode(),
    ],
)  # fmt: skip
def test_what_is_no_secret_is_told_by_its_variable_and_never_shown(secret: str) -> None:
    with pytest.raises(NoSecret, match="PARTNER_SECRET") as caught:
        signer("PARTNER_SECRET", {"PARTNER_SECRET": secret})
    assert secret.removeprefix("whsk_") in ("",) or secret not in str(caught.value)


def test_every_variable_of_a_list_is_needed() -> None:
    with pytest.raises(NoSecret, match="B is not set"):
        signer(["A", "B"], {"A": OLD})
    with pytest.raises(NoSecret, match="secret_env"):
        signer((), {})
