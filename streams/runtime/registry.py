"""The registry of this environment: the `_schemas` topic of the cluster, or Confluent's HTTP API."""

from streams.contracts.registry import Registry
from streams.contracts.settings import Settings
from streams.runtime.registry_http import HttpRegistry
from streams.runtime.registry_topic import TopicRegistry


def registry(settings: Settings) -> Registry:
    """The one that SCHEMA_REGISTRY_URL names, else the cluster's own."""
    return HttpRegistry(settings.registry_url) if settings.registry_url else TopicRegistry(settings)
