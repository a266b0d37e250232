"""The INSERT of an outbox row for SQLAlchemy, which knows how each database quotes and takes JSON."""

from sqlalchemy import JSON, Insert, String, column, table

from streams.outbox.entry import Entry


def insert(name: str, made: Entry) -> Insert:
    schema, _, bare = name.rpartition(".")
    texts = [column(each, String) for each in ("id", "type", "key")]
    documents = [column(each, JSON(none_as_null=True)) for each in ("payload", "headers")]
    outbox = table(bare, *texts, *documents, schema=schema or None)
    values = {"id": made.id, "type": made.type, "key": made.key, "payload": made.payload, "headers": made.headers}
    return outbox.insert().values(values)
