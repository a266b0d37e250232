"""Where schema ids come from: the protocol, and the book that the `_schemas` topic is read into (pure)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from streams.contracts.compatibility import refusals

Schema = Any  # a schema as its JSON value: what json.loads makes of an .avsc text
Entry = tuple[bytes, bytes]  # key and value of one record of `_schemas`


class UnknownSchema(Exception):
    """The registry, read to its end, knows no schema of this id."""

    def __init__(self, number: int) -> None:
        super().__init__(f"the registry knows no schema with id {number}")
        self.id = number


class RegistryUnavailable(Exception):
    """The registry does not answer, or cannot yet; nothing is known about the id or subject that was asked for."""


class Unpublished(RegistryUnavailable):
    """The registry answers but has no version of this subject: `schemas publish` has not run yet."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"{subject} has no schema in the registry; run `schemas publish`")


class Refused(Exception):
    """Schemas that would leave old records unreadable: what is wrong by subject. Nothing was published."""

    def __init__(self, reasons: Mapping[str, list[str]]) -> None:
        super().__init__("\n".join(f"{subject}: {reason}" for subject, all_ in reasons.items() for reason in all_))
        self.reasons = reasons


class Schemas(Protocol):
    """What the codec asks of a registry; both answers come from memory where they can."""

    def latest(self, subject: str) -> tuple[int, Schema]:
        """Id and schema of the newest version; raises RegistryUnavailable."""

    def by_id(self, number: int) -> Schema:
        """Raises UnknownSchema, which is final, or RegistryUnavailable, which is not."""


class Registry(Schemas, Protocol):
    """What publishing asks of a registry."""

    def versions(self, subject: str) -> list[Schema]:
        """Every version that is not deleted, oldest first; none for a subject never published."""

    def register(self, wanted: Mapping[str, Schema]) -> dict[str, int]:
        """Make each schema a version of its subject unless it is one; the ids by subject.

        Raises Refused, after which nothing is changed, or RegistryUnavailable, after which it may be called again.
        """

    def close(self) -> None:
        """Let go of connections; it is not used afterwards."""


@dataclass(slots=True)
class Book:
    """What the records of `_schemas` add up to, in the format of Confluent Schema Registry and Karapace.

    A deleted version stays readable by its id. Records that say nothing about schemas are passed over.
    """

    schemas: dict[int, Schema] = field(default_factory=dict)
    subjects: dict[str, dict[int, int]] = field(default_factory=dict)  # subject -> version -> id
    deleted: set[tuple[str, int]] = field(default_factory=set)

    def apply(self, key: bytes | None, value: bytes | None) -> None:
        about, said = _object(key), _object(value)
        subject, version = about.get("subject"), about.get("version")
        if about.get("keytype") == "DELETE_SUBJECT" and isinstance(subject, str):
            self._delete_until(subject, said.get("version"))
        elif about.get("keytype") == "SCHEMA" and isinstance(subject, str) and isinstance(version, int):
            self._note(subject, version, said)

    def latest(self, subject: str) -> tuple[int, Schema] | None:
        live = self.live(subject)
        return (live[-1], self.schemas[live[-1]]) if live else None

    def versions(self, subject: str) -> list[Schema]:
        return [self.schemas[number] for number in self.live(subject)]

    def ids(self, wanted: Mapping[str, Schema]) -> dict[str, int]:
        """The id that each schema has as a version of its subject, where it is one."""
        found = {subject: self.id_of(schema) for subject, schema in wanted.items()}
        return {subject: number for subject, number in found.items() if number in self.live(subject)}

    def live(self, subject: str) -> list[int]:
        """The ids of the versions that are not deleted, oldest first."""
        versions = self.subjects.get(subject, {})
        return [versions[v] for v in sorted(versions) if (subject, v) not in self.deleted]

    def id_of(self, schema: Schema) -> int | None:
        return next((number for number, known in self.schemas.items() if known == schema), None)

    def entries(self, wanted: Mapping[str, Schema]) -> list[Entry]:
        """The records that make each schema a version of its subject; the same text has one id. Raises Refused."""
        if reasons := refusals(wanted, self.versions):
            raise Refused(reasons)
        draft = Book(dict(self.schemas), {s: dict(v) for s, v in self.subjects.items()}, set(self.deleted))
        written = []
        for subject, schema in wanted.items():
            number = draft.id_of(schema)
            if number is None:
                number = max(draft.schemas, default=0) + 1
            if number not in draft.live(subject):
                version = max(draft.subjects.get(subject, {}), default=0) + 1
                written.append(entry(subject, version, number, schema))
                draft.apply(*written[-1])
        return written

    def _note(self, subject: str, version: int, said: dict[str, Any]) -> None:
        number = said.get("id")
        if not isinstance(number, int):
            self.subjects.get(subject, {}).pop(version, None)  # a tombstone: deleted for good
            return
        self.schemas[number] = _schema(said)
        self.subjects.setdefault(subject, {})[version] = number
        mark = self.deleted.add if said.get("deleted") else self.deleted.discard
        mark((subject, version))

    def _delete_until(self, subject: str, last: Any) -> None:
        if isinstance(last, int):
            self.deleted.update((subject, version) for version in self.subjects.get(subject, {}) if version <= last)


def entry(subject: str, version: int, number: int, schema: Schema) -> Entry:
    """One SCHEMA record; the key's order of members matters, as compaction compares bytes."""
    key = {"keytype": "SCHEMA", "subject": subject, "version": version, "magic": 1}
    value = {"subject": subject, "version": version, "id": number, "schema": text(schema), "deleted": False}
    return text(key).encode(), text(value).encode()


def text(schema: Schema) -> str:
    """JSON without blanks, members in their order."""
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))


class InMemory:
    """A registry without a cluster, for tests; passes the same conformance suite as the real ones."""

    def __init__(self) -> None:
        self.book = Book()

    def latest(self, subject: str) -> tuple[int, Schema]:
        found = self.book.latest(subject)
        if found is None:
            raise Unpublished(subject)
        return found

    def by_id(self, number: int) -> Schema:
        if number not in self.book.schemas:
            raise UnknownSchema(number)
        return self.book.schemas[number]

    def versions(self, subject: str) -> list[Schema]:
        return self.book.versions(subject)

    def register(self, wanted: Mapping[str, Schema]) -> dict[str, int]:
        for key, value in self.book.entries(wanted):
            self.book.apply(key, value)
        return self.book.ids(wanted)

    def close(self) -> None:
        """There is nothing to let go of."""


def _object(data: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _schema(said: dict[str, Any]) -> Schema:
    """The schema of a SCHEMA record; what is not Avro keeps its type's name, which no codec can read."""
    kind = said.get("schemaType", "AVRO")
    return parsed(str(said.get("schema"))) if kind == "AVRO" else {"type": kind}


def parsed(text: str) -> Schema:
    """The schema of its text; of what is no JSON something that no codec can read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {"type": "not JSON"}
