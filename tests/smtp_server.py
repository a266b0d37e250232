"""A real SMTP server in a thread of its own: it checks a login, keeps every mail, and fails as it is told."""

import asyncio
import ssl
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, NamedTuple, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.worker import free_port

USER, PASSWORD = "shop", "smtp-pass"
HANGS = "hangs"
HANGS_UP = "hangs up"


class Mail(NamedTuple):
    """One mail that was taken: its envelope and itself."""

    sender: str
    to: list[str]
    message: EmailMessage


class SmtpServer:
    """A context manager. `port` stays through `kill` and `start`; with a certificate it offers STARTTLS, or is TLS."""

    def __init__(self, tls: ssl.SSLContext | None = None, *, is_tls_from_the_start: bool = False) -> None:
        self.port = free_port()
        self.mails: list[Mail] = []
        self.sessions = 0
        self._answers: dict[str, str] = {}
        self._tls, self._is_tls_from_the_start = tls, is_tls_from_the_start
        self._controller: Controller | None = None

    def tell(self, **answers: str) -> None:
        """`rcpt="451 4.3.0 later"` and the like for MAIL, RCPT and DATA from now on; HANGS never answers."""
        self._answers = answers

    def start(self) -> None:
        if self._controller is None:
            self._controller = Controller(_Handler(self), "127.0.0.1", self.port, **self._options())
            self._controller.start()

    def kill(self) -> None:
        """Whoever talks to it is cut off."""
        controller, self._controller = self._controller, None
        if controller is not None:
            controller.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    async def answer(self, verb: str, server: SMTP) -> str | None:
        told = self._answers.get(verb)
        if told == HANGS:
            await asyncio.Event().wait()
        if told == HANGS_UP:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return told

    def _options(self) -> Mapping[str, Any]:
        login = {"authenticator": _login, "auth_require_tls": False}
        if self._is_tls_from_the_start:
            return {**login, "ssl_context": self._tls}
        return {**login, "tls_context": self._tls}


class _Handler:
    def __init__(self, owner: SmtpServer) -> None:
        self._owner = owner

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self._owner.sessions += 1
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        told = await self._owner.answer("mail", server)
        if not session.authenticated:
            told = "530 5.7.0 who are you"
        envelope.mail_from = None if told else address
        return told or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        told = await self._owner.answer("rcpt", server)
        if not told:
            envelope.rcpt_tos.append(address)
        return told or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        told = await self._owner.answer("data", server)
        if not told:
            message: Any = message_from_bytes(envelope.content or b"", policy=default)  # type: ignore[arg-type]
            self._owner.mails.append(Mail(str(envelope.mail_from), list(envelope.rcpt_tos), message))
        return told or "250 OK"


def _login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=is_right)
