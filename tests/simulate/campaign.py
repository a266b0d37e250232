"""Many seeds, over several processes: how far, how fast, and which of them broke something."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_context

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.simulate.mutants import planted
from tests.simulate.play import Outcome, play

_BATCH = 20


def run(seeds: range, jobs: int, mutant: str = "") -> Iterator[Outcome]:
    """The outcome of every seed, in the order in which they end."""
    slices = [seeds[at : at + _BATCH] for at in range(0, len(seeds), _BATCH)]
    if jobs == 1:
        for part in slices:
            yield from _played(part, mutant)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for outcomes in pool.map(_played, slices, [mutant] * len(slices)):
            yield from outcomes


def _played(seeds: range, mutant: str) -> list[Outcome]:
    with quiet(), planted(mutant):
        return [play(seed) for seed in seeds]


def first_broken(mutant: str, seeds: int) -> tuple[int, Outcome | None]:
    """How many seeds it took until this mutant was found, and how; None: it was not."""
    with quiet(), planted(mutant):
        for number in range(seeds):
            outcome = play(number)
            if outcome.violations:
                return number + 1, outcome
    return seeds, None


@contextmanager
def quiet() -> Iterator[None]:
    """Engines log what befalls them, which is all there is here."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def shown(total: int) -> Iterator["Shown"]:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns) as progress:
        yield Shown(progress, total)


class Shown:
    """The progress of a campaign."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._began, self._done = progress, time.perf_counter(), count(1)
        self._task = progress.add_task("seeds", total=total, rate="")

    def one_more(self) -> None:
        rate = next(self._done) / (time.perf_counter() - self._began)
        self._progress.update(self._task, advance=1, rate=f"{rate:.1f} seeds/s")

    def say(self, what: str) -> None:
        self._progress.console.print(what, markup=False, highlight=False)
