"""Progress on standard error while somebody watches; silence in a pipe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Step = Callable[[str, int, int], None]


@contextmanager
def steps() -> Iterator[Step]:
    """A bar a step: call it with the step's name, how much is done, and the total."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        console=console, disable=not console.is_terminal,
    )  # fmt: skip
    known: dict[str, TaskID] = {}

    def step(name: str, done: int, total: int) -> None:
        if name not in known:
            known[name] = bars.add_task(name, total=total or None)
        bars.update(known[name], completed=done, total=total or None)

    with bars:
        yield step
