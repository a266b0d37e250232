"""A small system of its own for each test module, on the shared broker."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.ops.byhand import MAP, World


@pytest.fixture(scope="module")
def world(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Topics made, nothing in them, no worker running."""
    home: Path = tmp_path_factory.mktemp("home")
    (home / "topology.yaml").write_text(MAP, encoding="utf-8")
    with World(broker, f"t{uuid4().hex[:8]}.", home) as made:
        yield made
