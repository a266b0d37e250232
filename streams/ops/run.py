"""All apps of the map, or some of them, in one process; one that fails is started again in place, alone."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from streams.contracts.current import stanza, topology
from streams.contracts.modules import module
from streams.contracts.topology import Stanza
from streams.runtime.driver import Driver
from streams.runtime.parts import Stop
from streams.runtime.web_server import FIRST_PORT, PageServer

_log = logging.getLogger("crossdock")
_IDLE_S = 0.5
_LOOK_S = 0.2
_BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)


def run(groups: Iterable[str], metrics_port: int | None = None) -> int:
    """Until SIGINT or SIGTERM: exit code 0; 1 where no app could run on. Unknown groups raise TopologyError."""
    chosen = [stanza(group) for group in groups] or list(topology().stanzas.values())
    drivers = [_driver(found) for found in chosen]
    pages = PageServer(lambda: [driver.status() for driver in drivers], metrics_port or FIRST_PORT)
    _log.info("%d apps, pages on port %d", len(drivers), pages.port)
    try:
        return asyncio.run(_serve(drivers))
    finally:
        pages.close()


def _driver(found: Stanza) -> Driver:
    """The app's own driver, told to restart the whole process in place where only that helps."""
    path, _, name = module(found).partition(":")
    app: Any = getattr(import_module(path), name or "app")
    driver: Driver = app.driver
    driver.end, driver.idle_s = _again, _IDLE_S
    return driver


def _again(reason: str) -> None:
    """A hanging handler or a zombie: begin anew under the same process id, without any clean-up that could hang too."""
    os.write(2, f"crossdock: {reason}; starting again\n".encode())
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


async def _serve(drivers: list[Driver]) -> int:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for driver in drivers:
            driver.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    telling = asyncio.create_task(_tell(drivers))
    ended = await asyncio.gather(*(_keep(driver) for driver in drivers))
    telling.cancel()
    return 0 if any(ended) else 1


async def _tell(drivers: list[Driver]) -> None:
    """Say once that work has begun."""
    while not all(driver.status().state in ("live", "failed") for driver in drivers):
        await asyncio.sleep(_LOOK_S)
    live = [driver.spec.group for driver in drivers if driver.status().state == "live"]
    _log.info("live: %s", ", ".join(live) or "none")


async def _keep(driver: Driver) -> bool:
    """Whether the app ran until it was told to stop; False where starting it again would not help."""
    group = driver.spec.group
    for attempt in range(sys.maxsize):
        running = asyncio.ensure_future(driver.run())
        await asyncio.wait([running])
        failure = running.exception()
        if failure is None:
            return True
        if isinstance(failure, Stop):
            _log.error("%s is not run: %s", group, failure)
            return False
        _log.error("%s failed and begins again", group, exc_info=failure)
        await asyncio.sleep(_BACKOFF_S[min(attempt, len(_BACKOFF_S) - 1)])
        if driver.is_stopping:
            return True
    return True
