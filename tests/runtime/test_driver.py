"""An app that ends in a way that nobody foresaw is failed, counted, and its failure is passed on."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streams.contracts.settings import Settings
from streams.runtime.driver import Driver
from streams.runtime.metrics import REGISTRY
from streams.runtime.parts import Stop
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


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings("nowhere:9092", home=Path("/dev/null")), r"/dev/null/state/.*Not a directory.*CROSSDOCK_HOME"),
        (
            Settings("nowhere:9092", kafka_config={"enable.idempotence": "false", "log_level": "0"}),
            r"enable\.idempotence.*CROSSDOCK_KAFKA_CONFIG",
        ),
    ],
    ids=["home", "properties"],
)
async def test_what_no_second_try_can_mend_stops_the_app_with_the_next_step(
    tmp_path: Path, settings: Settings, told: str
) -> None:
    home = tmp_path if settings.home == Settings().home else settings.home
    spec = AppSpec(topology(stanza()), stanza(), react=lambda event: [])
    with pytest.raises(Stop, match=told):
        await Driver(spec, lambda _: None, settings=replace(settings, home=home)).run()


async def test_the_loop_goes_on_while_a_thread_that_must_end_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun, may_end, ended_by = threading.Event(), threading.Event(), list[str]()

    def busy(_: Path) -> None:
        has_begun.set()
        may_end.wait()
        raise Stop("over")

    def end(who: str) -> None:
        ended_by.append(who)
        may_end.set()

    monkeypatch.setattr("streams.runtime.driver.take_slot", busy)
    spec = AppSpec(topology(stanza()), stanza(), react=lambda event: [])
    running = asyncio.create_task(Driver(spec, lambda _: None, settings=Settings("nowhere:9092", home=tmp_path)).run())
    await asyncio.to_thread(has_begun.wait)
    running.cancel()
    asyncio.get_running_loop().call_later(0.1, end, "loop")
    rescue = threading.Timer(10, end, ["rescue"])
    rescue.start()
    with pytest.raises(asyncio.CancelledError):
        await running
    rescue.cancel()
    assert ended_by[0] == "loop"
