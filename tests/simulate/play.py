"""One seed from its first order to its verdict: chaos, then everything heals and drains, then it is judged."""

import traceback
from dataclasses import dataclass
from functools import partial

from streams.runtime.parts import Stop
from tests.simulate.again import Again
from tests.simulate.judge import broken
from tests.simulate.operator import Operator
from tests.simulate.world import Restless, Say, World


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: int
    violations: list[str]
    turns: int
    faults: int
    seconds: float  # of the virtual clock


def play(seed: int, say: Say | None = None) -> Outcome:
    world = World(seed, say)
    try:
        found = _play(world)
    except (Restless, Stop) as error:
        found = [f"{type(error).__name__}: {error}"]
    except Exception as error:  # whatever an engine raises that it should not
        found = ["".join(traceback.format_exception(error))]
    return Outcome(seed, found, world.turned, world.fates.befallen, world.clock.monotonic())


def _play(world: World) -> list[str]:
    operator, again = Operator(world), Again(world)
    world.market.begin()
    operator.begin()
    again.begin()
    for seat in world.seats:
        if seat.number and world.dice.random() < 0.4:  # it joins while others work
            world.clock.after(world.dice.uniform(0, world.plan.chaos_s), partial(world.start, seat))
        else:
            world.start(seat)
    world.run_for(world.plan.chaos_s)
    world.say("the world", "heals")
    world.heal()
    world.rest()
    operator.tidy()
    again.at_rest()
    return [*again.found, *broken(world, operator)]
