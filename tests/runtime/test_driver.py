"""An app that ends in a way that nobody foresaw is failed, counted, and its failure is passed on."""

from typing import Any

import pytest

from streams.contracts.settings import Settings
from streams.runtime.driver import Driver
from streams.runtime.metrics import REGISTRY
from streams.runtime.spec import AppSpec
from streams.runtime.web import AppStatus
from tests.runtime.rig_map import GROUP, stanza, topology


def broken() -> Any:
    raise ValueError("broken")


async def test_an_app_that_breaks_is_failed_and_counted() -> None:
    spec = AppSpec(topology(stanza()), stanza(), react=lambda event: [], connect=broken)
    driver = Driver(spec, lambda _: None, settings=Settings("nowhere:9092"))
    with pytest.raises(ValueError, match="broken"):
        await driver.run()
    assert driver.status() == AppStatus(GROUP, "failed", "ValueError('broken')")
    told = {"prefix": "", "app": GROUP, "reason": "Unexpected"}
    assert REGISTRY.get_sample_value("crossdock_engine_restarts_total", told) == 1
