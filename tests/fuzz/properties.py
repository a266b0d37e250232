"""What is fuzzed: properties by area, each an ordinary test, which the campaign runs with many more inputs."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

FEW, MANY = 5, 50  # inputs of a property when it runs with the tests
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

counts: Counter[str] = Counter()


@dataclass(frozen=True, slots=True)
class Property:
    """One sentence about one area; its share of the campaign is `weight` of all weights."""

    area: str
    weight: int
    body: Callable[..., None]
    inputs: dict[str, SearchStrategy[Any]]

    @property
    def name(self) -> str:
        return self.body.__name__.removeprefix("test_").replace("_", " ")

    def run(self, inputs: int, number: int, is_first: bool) -> None:
        """Raises what hypothesis found, made small, with its input in the notes; found ones come first."""
        phases = [Phase.generate, Phase.shrink, *([Phase.explicit] if is_first else [])]
        bounds = settings(max_examples=inputs, phases=phases, deadline=None, database=None, suppress_health_check=_SLOW)
        bounds(seed(number)(given(**self.inputs)(self.body)))()


PROPERTIES: list[Property] = []


def tells(error: Exception, word: str = "") -> None:
    """A refusal has words, and names what it refuses."""
    assert str(error) and word in str(error), repr(error)


def fuzz(area: str, weight: int, **inputs: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Makes a test of a property; found inputs stand under it as `@example` and stay."""

    def made(test: Callable[..., None]) -> Callable[[], None]:
        @wraps(test)
        def counted(**given: Any) -> None:
            counts[area] += 1
            test(**given)

        PROPERTIES.append(Property(area, weight, counted, inputs))
        share = settings(
            max_examples=min(max(FEW, weight), MANY), deadline=None, database=None, suppress_health_check=_SLOW
        )
        return share(given(**inputs)(counted))

    return made
