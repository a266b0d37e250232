"""Who races: what each is called, and the command that starts it on a card."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.bench import installed
from tests.bench.card import Card

PATH = {"PYTHONPATH": str(Path(__file__).parents[2])}  # peers import our small files, and none of our dependencies


@dataclass(frozen=True, slots=True)
class Contestant:
    """`guarantee` is in its own words; `command` raises installed.Missing where it cannot run."""

    name: str
    title: str
    command: Callable[[], tuple[str, ...]]
    guarantee: str = ""


def _module(name: str, peer: str = "") -> Callable[[], tuple[str, ...]]:
    return lambda: (str(installed.python(peer)) if peer else sys.executable, "-m", f"tests.bench.{name}")


_FAUST, _QUIX = _module("peers.faust_app", "faust"), _module("peers.quix_app", "quix")
_STREAMS, _PARALLEL = partial(installed.java, "streams"), partial(installed.java, "parallel")
ALL: Mapping[str, Contestant] = {
    each.name: each
    for each in (
        Contestant("ours", "Crossdock", _module("ours")),
        Contestant("bare", "bare Python loop", _module("bare")),
        Contestant("bare-headers", "bare loop with our nine headers", _module("bare"), "headers"),
        Contestant("faust", "stock Faust, at least once", _FAUST, "at_least_once"),
        Contestant("faust-eos", "stock Faust, “exactly once”", _FAUST, "exactly_once"),
        Contestant("quix", "Quix Streams, exactly once", _QUIX, "exactly-once"),
        Contestant("streams", "Kafka Streams (JVM), exactly once v2", _STREAMS, "exactly_once_v2"),
        Contestant("parallel", "Confluent Parallel Consumer (JVM)", _PARALLEL),
        Contestant("asyncio", "bare asyncio, offsets not safe", _module("peers.slow_asyncio")),
    )
}
PEERS = ("faust", "faust-eos", "quix", "streams", "parallel")


def missing(name: str) -> str:
    """Why this contestant cannot run here; empty where it can."""
    try:
        ALL[name].command()
    except installed.Missing as error:
        return str(error)
    return ""


def line(name: str, card: Card, file: Path) -> list[str]:
    """The command line of one process; its card is written to `file`."""
    who = ALL[name]
    return [*who.command(), str(replace(card, guarantee=who.guarantee).write(file))]
