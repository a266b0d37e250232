"""Which app is meant: by its name in the map, by what `build` returned, or by its spec."""

from importlib import import_module
from typing import Any

from streams.contracts.current import stanza
from streams.contracts.modules import module
from streams.runtime.spec import AppSpec


def spec_of(app: Any) -> AppSpec:
    """Raises TopologyError or ModuleNotFoundError where there is no app of that name."""
    if isinstance(app, str):
        path, _, name = module(stanza(app)).partition(":")
        app = getattr(import_module(path), name or "app")
    found: AppSpec = getattr(app, "spec", app)
    return found
