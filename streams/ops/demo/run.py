"""The demo from the command to its exit code: `cli.py demo`"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.contracts.settings import Settings
from streams.ops import kafka
from streams.ops.demo.children import Children
from streams.ops.demo.failed import Interrupted
from streams.ops.demo.guard import Guard
from streams.ops.demo.load import own_age
from streams.ops.demo.place import fresh
from streams.ops.demo.play import Play
from streams.ops.demo.report import Played, report
from streams.ops.demo.stage import Stage, set_up
from streams.ops.demo.supply import Wish
from streams.ops.demo.view import Say, Screen
from streams.ops.stopping import stop_on_signals
from streams.runtime.outside import quiet

INTERRUPTED = 130


def run(settings: Settings, wish: Wish) -> int:
    """Exit code 0 where every law held, 1 where one did not, 130 where it was stopped; nothing is left running.

    Raises DemoFailed, and what Kafka, the map and the rows raise. Only the map is taken from `settings`, and the home.
    """
    began = time.time() - own_age()
    try:
        with Screen() as screen:
            played = _played(settings, wish, screen)
    except Interrupted:
        print("stopped; nothing is left running, the logs are kept", file=sys.stderr)
        return INTERRUPTED
    print("\n".join(report(played, began)))
    return 0 if all(verdict.held for verdict in played.verdicts) else 1


def _played(settings: Settings, wish: Wish, screen: Screen) -> Played:
    with stop_on_signals() as stop, fresh(settings.home) as place:
        say = Say(screen, stop)
        stage = set_up(settings.topology, place.map, wish.window, wish.max_age)
        with Guard(place.root) as guard, _broker(place.root, say) as broker:
            demo = quiet(Settings(broker, home=place.root, topology=place.map, schemas=settings.schemas))
            with Children(guard, place.root, _environment(demo, stage)) as children:
                return Play(demo, stage, place, children, say).perform(wish)


@contextmanager
def _broker(home: Path, say: Say) -> Iterator[str]:
    """An embedded Kafka on a free port, as host:port."""
    say("starting Kafka")
    try:
        yield kafka.up(home, 0, say.step).bootstrap
    finally:
        kafka.down(home)


def _environment(demo: Settings, stage: Stage) -> dict[str, str]:
    """The caller's, but for what chooses another cluster, prefix or registry."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
    ours.pop("SCHEMA_REGISTRY_URL", None)
    chosen = {"BROKER": demo.broker, "HOME": str(demo.home), "TOPOLOGY": str(demo.topology)}
    return ours | {f"CROSSDOCK_{name}": value for name, value in chosen.items()} | stage.secrets
