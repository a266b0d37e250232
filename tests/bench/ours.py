"""A contestant: Crossdock's engine with one row's handler. `python -m tests.bench.ours CARD`"""

import asyncio
import signal
import sys
from contextlib import nullcontext

from streams.runtime.driver import Driver
from streams.runtime.process import exit_process
from streams.runtime.spec import AppSpec
from tests.bench import card, ground, sampler, slow_channel
from tests.bench.card import Card
from tests.bench.rows import ROWS


def app_of(told: Card) -> AppSpec:
    source = told.inputs[0].rpartition(".")[0]
    app = ground.spec(ROWS[told.row], told.group, source)
    return slow_channel.delivered(app, told) if told.row == "slow" else app


async def _serve(driver: Driver) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, driver.stop)
    await driver.run()


if __name__ == "__main__":
    told = card.read(sys.argv[1])
    driver = Driver(app_of(told), exit_process, settings=ground.settings())
    with sampler.sampled(told.group, told.report) if told.extra.get("profile") else nullcontext():
        asyncio.run(_serve(driver))
