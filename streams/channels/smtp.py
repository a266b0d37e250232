"""Delivers an event as a mail to one person, through an SMTP server."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from streams.channels import Rejected, secret
from streams.contracts.mail import Letterhead, address, mail
from streams.contracts.settings import Settings
from streams.contracts.topology import Channel
from streams.domain.delivery import Delivery
from streams.domain.effects import Effect
from streams.domain.failure import TryLater, Unreachable

_CLOSING_S = 2.0
_NO_STORAGE, _CLOSING, _WANTS_LOGIN = 452, 421, 530  # RFC 5321, 4.2.3; RFC 4954, 6


def connect(channel: Channel, settings: Settings, env: Mapping[str, str]) -> "Smtp":
    return Smtp(channel, env)


class Smtp:
    """Target: host:port. Options: `from`, `to`, `subject`, `text` (streams/contracts/mail.py says what they may hold),
    `tls` (starttls, tls or none), and `user_env` and `password_env`, which name variables.
    """

    def __init__(self, channel: Channel, env: Mapping[str, str]) -> None:
        self._host, _, self._port = channel.target.rpartition(":")
        options = channel.options
        self._head = Letterhead(address(options["from"]), options["to"], options["subject"], options.get("text", ""))
        self._tls = options.get("tls", "starttls")
        self._login = secret(channel, "user_env", env), secret(channel, "password_env", env)
        self._timeout_s = channel.timeout.total_seconds()
        self._idle: list[SMTP] = []

    async def deliver(self, message: Delivery) -> Iterable[Effect]:
        """Nothing to publish once the server has taken the mail.

        Raises Poison where the record gives no mail, Unreachable, TryLater for what the server says of this mail and
        moment (4xx of a recipient or of the content), and Rejected for its 5xx.
        """
        written = mail(message, self._head)
        to = str(written["To"].addresses[0].addr_spec)
        try:
            async with asyncio.timeout(self._timeout_s), self._session() as session:
                await session.sendmail(self._head.sender.addr_spec, [to], written.as_bytes())
        except TimeoutError as error:
            raise Unreachable(reason=f"no answer within {self._timeout_s:g} s") from error
        except SMTPRecipientsRefused as error:
            _refuse(error.recipients[0])
        except SMTPResponseException as error:
            _refuse(error)
        except (SMTPException, OSError) as error:
            raise Unreachable(reason=f"{type(error).__name__}: {error}") from error
        return ()

    async def close(self) -> None:
        while self._idle:
            session = self._idle.pop()
            with suppress(TimeoutError, SMTPException, OSError):
                async with asyncio.timeout(_CLOSING_S):
                    await session.quit()
            session.close()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[SMTP]:
        """A logged-in session of one delivery's own; kept for the next one where the server still talks to us."""
        session = await self._kept() or await self._opened()
        is_kept = False
        try:
            yield session
            is_kept = True
        except (SMTPRecipientsRefused, SMTPResponseException):
            is_kept = session.is_connected
            raise
        finally:
            if is_kept:
                self._idle.append(session)
            else:
                session.close()

    async def _kept(self) -> SMTP | None:
        """Servers hang up on idle clients: one that does not answer is nobody's failure."""
        while self._idle:
            session, answers = self._idle.pop(), False
            try:
                with suppress(SMTPException, OSError):
                    await session.noop()
                    answers = True
                    return session
            finally:
                if not answers:
                    session.close()
        return None

    async def _opened(self) -> SMTP:
        user, password = self._login
        session = SMTP(
            hostname=self._host,
            port=int(self._port),
            username=user,
            password=password,
            timeout=self._timeout_s,
            use_tls=self._tls == "tls",
            start_tls=self._tls == "starttls",
        )
        await session.connect()
        return session


def _refuse(error: SMTPResponseException) -> NoReturn:
    """The server has answered, and the answer was no: about whom it speaks decides what becomes of the mail."""
    reason = f"{error.code} {error.message}"
    if isinstance(error, SMTPAuthenticationError) or error.code == _WANTS_LOGIN:
        raise Unreachable(reason=f"bad credentials: {reason}") from error
    is_of_the_server = not isinstance(error, SMTPDataError | SMTPSenderRefused | SMTPRecipientRefused)
    if is_of_the_server or error.code in (_CLOSING, _NO_STORAGE):
        raise Unreachable(reason=reason) from error
    if error.code >= 500:
        raise Rejected(reason) from error
    if isinstance(error, SMTPSenderRefused):
        raise Unreachable(reason=reason) from error
    raise TryLater(reason=reason) from error
