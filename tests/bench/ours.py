"""A contestant: Crossdock's engine with one row's handler. `python -m tests.bench.ours ROW RUN`"""

import asyncio
import signal
import sys

from streams.runtime.driver import Driver, exit_process
from tests.bench import ground
from tests.bench.rows import ROWS


async def _serve(driver: Driver) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, driver.stop)
    await driver.run()


if __name__ == "__main__":
    asyncio.run(_serve(Driver(ground.spec(ROWS[sys.argv[1]], sys.argv[2]), exit_process, settings=ground.settings())))
