"""A record as a mail to one person; its Message-ID comes from the delivery's id, so that a repeat is recognisable."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from typing import Any

from streams.domain.delivery import Delivery
from streams.domain.failure import Poison

_FIELD = re.compile(r"\{([A-Za-z_][\w.]*)\}")
_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """How the mails of a stanza look. `{path}` in `to`, `subject` and `text` is that field of the record.

    `to` without @ and braces is itself a field's path. Without `text` a mail lists all fields.
    """

    sender: Address
    to: str
    subject: str
    text: str = ""


def mail(message: Delivery, head: Letterhead) -> EmailMessage:
    """Ready to be sent; raises Poison where a field is missing, or what should be an address is none."""
    written = EmailMessage(policy=SMTP)
    fields = message.fields
    to = _filled(head.to if set("@{") & set(head.to) else f"{{{head.to}}}", fields)
    try:
        written["From"], written["To"] = head.sender, address(to)
        written["Subject"] = _filled(head.subject, fields)
    except ValueError as error:  # also of a line break in a header
        raise Poison(str(error)) from error
    written["Date"] = message.time
    written["Message-ID"] = f"<{_token(message.id)}@{head.sender.domain}>"
    written["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence notice comes back
    text = _filled(head.text, fields) if head.text else "\n".join(_listed(fields))
    written.set_content(text.rstrip("\n") + "\n", cte="quoted-printable")
    return written


def address(value: str) -> Address:
    """One mail address, as user@host; raises ValueError("what; what would be right")."""
    try:
        found = Address(addr_spec=value)
        found.addr_spec.encode("ascii")
    except (ValueError, IndexError, HeaderParseError) as error:  # by Python's version, of half an address
        raise ValueError(f"{value!r} is no mail address; write user@host") from error
    if not found.domain or not found.username:
        raise ValueError(f"{value!r} is no mail address; write user@host")
    return found


def _filled(template: str, fields: Mapping[str, Any]) -> str:
    return _FIELD.sub(lambda found: _text(found[1], _at(found[1], fields)), template)


def _at(path: str, fields: Mapping[str, Any]) -> Any:
    value: Any = fields
    for name in path.split("."):
        if not isinstance(value, Mapping) or value.get(name) is None:
            raise Poison(f"the record has no {path}, which its mail needs")
        value = value[name]
    return value


def _text(name: str, value: Any) -> str:
    """An amount in cents with its point; anything else as it is."""
    if name.endswith("_cents") and isinstance(value, int):
        sign, units = "-" if value < 0 else "", abs(value)
        return f"{sign}{units // 100}.{units % 100:02}"
    return str(value)


def _listed(value: Any, name: str = "") -> Iterator[str]:
    """A line a field, in words: total_cents becomes Total."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _listed(inner, f"{name} {key}".strip())
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value, 1):
            yield from _listed(inner, f"{name} {number}")
    else:
        label = name.removesuffix("_cents").replace("_", " ")
        yield f"{label[:1].upper()}{label[1:]}: {_text(name, value)}"


def _token(number: str) -> str:
    return number if len(number) <= 64 and _ID.fullmatch(number) else sha256(number.encode()).hexdigest()
