"""A schema registry that speaks Confluent's HTTP API (Confluent, Karapace, Apicurio's ccompat)."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka.schema_registry import RegisteredSchema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry import Schema as Sent
from confluent_kafka.schema_registry.common._httpx_compat import httpx

from streams.contracts.compatibility import refusals
from streams.contracts.registry import Refused, RegistryUnavailable, Schema, UnknownSchema, Unpublished, parsed, text
from streams.contracts.settings import SettingsError

FRESH_SECONDS = 30.0
NO_SUCH_SUBJECT, NO_SUCH_VERSION, NO_SUCH_SCHEMA = 40401, 40402, 40403
# what its client raises for answers of other servers
NONSENSE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


class HttpRegistry:
    """Every schema is fetched once; the latest version of a subject is asked for again every 30 seconds."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        try:
            self._client = SchemaRegistryClient({"url": url, "timeout": 5, "max.retries": 1})
        except ValueError as error:
            raise SettingsError(f"SCHEMA_REGISTRY_URL is {url!r}, no web address: {error}") from error
        self._clock = clock
        self._schemas: dict[int, Schema] = {}
        self._latest: dict[str, tuple[float, tuple[int, Schema]]] = {}

    def latest(self, subject: str) -> tuple[int, Schema]:
        asked, known = self._latest.get(subject, (0.0, None))
        if known is not None and self._clock() - asked < FRESH_SECONDS:
            return known
        try:
            known = self._newest(subject)
        except RegistryUnavailable:
            if known is None:
                raise
        self._latest[subject] = self._clock(), known
        return known

    def by_id(self, number: int) -> Schema:
        if number not in self._schemas:
            with _answering(NO_SUCH_SCHEMA, UnknownSchema(number)):
                self._keep(number, self._client.get_schema(number))
        return self._schemas[number]

    def versions(self, subject: str) -> list[Schema]:
        try:
            with _answering(NO_SUCH_SUBJECT, Unpublished(subject)):
                numbers = self._client.get_versions(subject)
                return [self._kept(self._client.get_version(subject, number))[1] for number in numbers]
        except Unpublished:
            return []

    def register(self, wanted: Mapping[str, Schema]) -> dict[str, int]:
        if reasons := refusals(wanted, self.versions):
            raise Refused(reasons)
        self._latest.clear()
        return {subject: self._registered(subject, schema) for subject, schema in wanted.items()}

    def close(self) -> None:
        self._client.close()

    def _registered(self, subject: str, schema: Schema) -> int:
        try:
            return self._client.register_schema(subject, Sent(text(schema), "AVRO"))
        except SchemaRegistryError as error:
            if error.http_status_code in (409, 422):
                raise Refused({subject: [str(error)]}) from error
            raise RegistryUnavailable(str(error)) from error
        except (httpx.HTTPError, *NONSENSE) as error:
            raise RegistryUnavailable(f"the schema registry: {error}") from error

    def _newest(self, subject: str) -> tuple[int, Schema]:
        with _answering(NO_SUCH_SUBJECT, Unpublished(subject)):
            self._client.clear_latest_caches()  # type: ignore[no-untyped-call]
            return self._kept(self._client.get_latest_version(subject))

    def _kept(self, version: RegisteredSchema) -> tuple[int, Schema]:
        if version.schema_id is None or version.schema is None:
            raise ValueError("a version without id or schema")
        return version.schema_id, self._keep(version.schema_id, version.schema)

    def _keep(self, number: int, schema: Sent) -> Schema:
        is_avro = (schema.schema_type or "AVRO") == "AVRO"
        found = parsed(schema.schema_str or "") if is_avro else {"type": schema.schema_type}
        return self._schemas.setdefault(number, found)


@contextmanager
def _answering(missing: int, verdict: Exception) -> Iterator[None]:
    """Raises `verdict` on the registry's own 404; any other trouble, a proxy's 404 too, says nothing about the id."""
    try:
        yield
    except SchemaRegistryError as error:
        if error.http_status_code == 404 and error.error_code in (missing, NO_SUCH_VERSION, 404):
            raise verdict from error
        raise RegistryUnavailable(f"the schema registry answers: {error}") from error
    except (httpx.HTTPError, *NONSENSE) as error:
        raise RegistryUnavailable(f"the schema registry: {type(error).__name__}: {error}") from error
