"""An SMTP channel against a real SMTP server: the mail, the ways in, and what the server's answers mean."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from streams.channels import ChannelError, Rejected
from streams.channels.smtp import Smtp
from streams.contracts.topology import Channel
from streams.domain.failure import Poison, TryLater, Unreachable
from tests.channels.certificate import certified
from tests.channels.deliveries import delivery, of_key
from tests.channels.far_servers import SmtpEnd
from tests.smtp_server import HANGS, HANGS_UP, SmtpServer


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side for localhost, which this process trusts."""
    trusted, context = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    return context


async def failure(server: SmtpServer, answers: dict[str, str], timeout_s: float = 3) -> Exception:
    channel = SmtpEnd(server).channel(timeout=timedelta(seconds=timeout_s))
    server.tell(**answers)
    try:
        await channel.deliver(delivery())
    except Exception as error:
        return error
    finally:
        await channel.close()
    raise AssertionError("it was delivered")


async def test_a_mail_is_from_to_and_about_what_the_stanza_says(server: SmtpServer) -> None:
    channel = SmtpEnd(server).channel(subject="Lead {lead_id} is taken")
    await channel.deliver(delivery("id-1"))
    await channel.close()
    [mail] = server.mails
    assert (mail.sender, mail.to) == ("shop@example.com", ["lead-1@example.org"])
    message = mail.message
    assert (message["From"], message["To"]) == ("shop@example.com", "lead-1@example.org")
    assert message["Subject"] == "Lead lead-1 is taken"
    assert message["Message-ID"] == "<id-1@example.com>"
    assert "Order id: 1" in message.get_content()


async def test_mails_one_after_another_share_a_session(server: SmtpServer) -> None:
    channel = SmtpEnd(server).channel()
    for number in range(5):
        await channel.deliver(of_key("lead-1", str(number)))
    await channel.close()
    assert (len(server.mails), server.sessions) == (5, 1)


async def test_a_session_that_the_server_has_ended_meanwhile_is_nobodys_failure(server: SmtpServer) -> None:
    channel = SmtpEnd(server).channel()
    await channel.deliver(delivery("id-1"))
    server.kill()
    server.start()
    await channel.deliver(delivery("id-2"))
    await channel.close()
    assert len(server.mails) == 2


@pytest.mark.parametrize(
    "answers",
    [{"rcpt": "450 4.2.0 greylisted"}, {"rcpt": "451 4.7.1 later"}, {"data": "451 4.3.0 local error"}],
    ids=str,
)
async def test_not_now_is_said_of_this_mail_and_no_outage(server: SmtpServer, answers: dict[str, str]) -> None:
    error = await failure(server, answers)
    assert isinstance(error, TryLater)
    assert not isinstance(error, Unreachable)
    assert str(error) == next(iter(answers.values()))


@pytest.mark.parametrize(
    "answers",
    [
        {"mail": "451 4.3.0 busy"},
        {"mail": "421 4.3.2 closing"},
        {"rcpt": "452 4.3.1 disk is full"},
        {"data": "452 4.3.1 disk is full"},
        {"rcpt": "421 4.7.0 closing"},
    ],
    ids=str,
)
async def test_a_busy_server_is_trouble_of_the_partner(server: SmtpServer, answers: dict[str, str]) -> None:
    error = await failure(server, answers)
    assert isinstance(error, Unreachable)
    assert str(error) == next(iter(answers.values()))


@pytest.mark.parametrize(
    "answers", [{"mail": "550 5.7.1 not you"}, {"rcpt": "550 5.1.1 nobody"}, {"data": "554 5.6.0 spam"}], ids=str
)
async def test_never_climbs_the_ladder_with_what_the_server_said(server: SmtpServer, answers: dict[str, str]) -> None:
    error = await failure(server, answers)
    assert isinstance(error, Rejected)
    assert str(error) == next(iter(answers.values()))


@pytest.mark.parametrize("verb", ["mail", "rcpt", "data"])
async def test_a_server_that_hangs_or_hangs_up_is_unreachable(server: SmtpServer, verb: str) -> None:
    assert isinstance(await failure(server, {verb: HANGS_UP}), Unreachable)
    error = await failure(server, {verb: HANGS}, timeout_s=0.3)
    assert isinstance(error, Unreachable)


@pytest.mark.parametrize("is_tls_from_the_start", [False, True], ids=["starttls", "tls"])
async def test_a_login_travels_encrypted(certificate: ssl.SSLContext, is_tls_from_the_start: bool) -> None:
    with SmtpServer(certificate, is_tls_from_the_start=is_tls_from_the_start) as server:
        channel = _to_localhost(server, "tls" if is_tls_from_the_start else "starttls")
        await channel.deliver(delivery())
        await channel.close()
        assert len(server.mails) == 1


async def test_a_certificate_that_nobody_trusts_is_refused_before_the_login(tmp_path: Path) -> None:
    _, context = certified(tmp_path)
    with SmtpServer(context) as server:
        channel = _to_localhost(server, "starttls")
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            await channel.deliver(delivery())
        await channel.close()
        assert server.mails == []


async def test_a_server_without_encryption_gets_no_password(server: SmtpServer) -> None:
    channel = _to_localhost(server, "starttls")
    with pytest.raises(Unreachable, match="STARTTLS"):
        await channel.deliver(delivery())
    await channel.close()


async def test_a_record_without_an_address_is_poison_and_nobody_is_called(server: SmtpServer) -> None:
    channel = SmtpEnd(server).channel(to="customer.mail")
    with pytest.raises(Poison, match=r"the record has no customer\.mail"):
        await channel.deliver(delivery())
    with pytest.raises(Poison, match="is no mail address"):
        await (
            SmtpEnd(server)
            .channel()
            .deliver(replace(delivery(), fields={"lead_id": "a@b.c, eve@evil.example\r\nBcc: x"}))
        )
    await channel.close()
    assert server.sessions == 0


def test_a_password_that_is_not_set_is_named() -> None:
    options = {"from": "a@b.example", "to": "c@d.example", "subject": "x", "password_env": "ACME_PASS"}
    with pytest.raises(ChannelError, match="ACME_PASS is not set"):
        Smtp(Channel("smtp", "mail.example:587", options), {})


def _to_localhost(server: SmtpServer, tls: str) -> Any:
    kind, _, options, env = SmtpEnd(server).stanza(is_stranger=False)
    spec = Channel(kind, f"localhost:{server.port}", {**options, "tls": tls}, timedelta(seconds=5))
    return Smtp(spec, env)
