"""A schema registry over HTTP: whatever it answers, it is a schema, or it does not know one, or it is not there."""

import json
from functools import partial

from hypothesis import example
from hypothesis import strategies as st

from streams.contracts.registry import Refused, RegistryUnavailable, UnknownSchema
from streams.runtime.registry_http import HttpRegistry
from tests.contracts.samples import SCHEMAS
from tests.fuzz.properties import fuzz, tells
from tests.fuzz.schemas import PLAIN, schemas
from tests.fuzz.server import Script, server
from tests.fuzz.strategies import BYTES

VERSION = {"subject": "s", "id": 1, "version": 1, "schema": '"string"', "schemaType": "AVRO", "error_code": 40401}
VERSIONS = st.builds(lambda wrong: {**VERSION, **wrong}, st.dictionaries(st.sampled_from(sorted(VERSION)), PLAIN))
DOCUMENTS = st.one_of(VERSIONS, schemas("OrderPlaced"), st.lists(PLAIN, max_size=3)).map(json.dumps).map(str.encode)
BODIES = st.one_of(DOCUMENTS, BYTES)
STATUSES = st.sampled_from(
    [200, 200, 200, 204, 301, 400, 401, 404, 404, 409, 422]
)  # not 429, 5xx: asked again after a second


@fuzz("registry", 2, status=STATUSES, body=BODIES)
@example(status=200, body=b"[" * 100_000)
@example(status=404, body=b"[" * 100_000)
@example(status=301, body=b"x")
def test_every_answer_is_a_schema_an_unknown_one_or_a_registry_that_is_not_there(status: int, body: bytes) -> None:
    head = b"HTTP/1.1 %d x\r\nLocation: http://[\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    server().script = Script(head % (status, len(body)) + body)
    registry = HttpRegistry(server().url)
    asked = [partial(registry.by_id, 1), partial(registry.latest, "s"), partial(registry.versions, "s")]
    for ask in [*asked, partial(registry.register, {"s": SCHEMAS["OrderPlaced"]})]:
        try:
            ask()
        except (UnknownSchema, RegistryUnavailable, Refused) as error:
            tells(error)
    registry.close()
