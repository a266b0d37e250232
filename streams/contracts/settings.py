"""Where the cluster is and where we keep our files: the environment, read once and passed on."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from click import ClickException

_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,100}")  # what Kafka allows in a topic's name, with room for the name itself


class SettingsError(ClickException):
    """An environment variable or a file it names cannot be used; the message says which and why.

    A ClickException, so that `faust -A` says it without a traceback.
    """


@dataclass(frozen=True, slots=True)
class Settings:
    """`kafka_config` holds librdkafka properties (TLS, SASL, …) that every client gets."""

    broker: str = "127.0.0.1:9092"
    registry_url: str | None = None
    prefix: str = ""
    home: Path = Path(".crossdock")
    topology: Path = Path("topology.yaml")
    schemas: Path = Path("schemas")
    kafka_config: Mapping[str, str] = field(default_factory=dict)


def from_env(env: Mapping[str, str] | None = None) -> Settings:
    """Settings of this environment; raises SettingsError where CROSSDOCK_KAFKA_CONFIG or _PREFIX cannot be used."""
    env = os.environ if env is None else env
    prefix = env.get("CROSSDOCK_PREFIX", "")
    if not _PREFIX.fullmatch(prefix):
        raise SettingsError(f"CROSSDOCK_PREFIX is {prefix!r}; letters, digits, '.', '_' and '-', at most 100, can be")
    root = Path(__file__).parents[2]
    properties = _properties(env.get("CROSSDOCK_KAFKA_CONFIG"))
    # left in there they would go before CROSSDOCK_BROKER
    named = [properties.pop(name) for name in ("bootstrap.servers", "metadata.broker.list") if name in properties]
    return Settings(
        broker=env.get("CROSSDOCK_BROKER", (named or ["127.0.0.1:9092"])[0]),
        registry_url=env.get("SCHEMA_REGISTRY_URL") or None,
        prefix=prefix,
        home=Path(env.get("CROSSDOCK_HOME", ".crossdock")),
        topology=Path(env.get("CROSSDOCK_TOPOLOGY", root / "topology.yaml")),
        schemas=root / "schemas",
        kafka_config=properties,
    )


def _properties(file: str | None) -> dict[str, str]:
    if not file:
        return {}
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SettingsError(f"CROSSDOCK_KAFKA_CONFIG names {file}, which cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"CROSSDOCK_KAFKA_CONFIG names {file}, which is not UTF-8 text: {error}") from error
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}
