"""How long the next poll may wait: nothing due waits for it, and what cannot go on does not keep the engine busy."""

from collections.abc import Iterator

from streams.runtime.barrier import Barrier
from streams.runtime.intake import Intake
from streams.runtime.parts import Parts
from streams.runtime.task import Task
from streams.runtime.window import Window

_AN_ANSWER_S = 0.004  # the brokers' or the partner's, which does not wake the poll
_LEAST_S = 0.001


class Patience:
    """Looks at everything that could be done without a new record."""

    def __init__(self, parts: Parts, intake: Intake, barrier: Barrier, window: Window | None) -> None:
        self._parts, self._intake, self._barrier, self._window = parts, intake, barrier, window

    def seconds(self, tasks: list[Task]) -> float:
        """At most the engine's idle time; `tasks` are the live ones."""
        now_ms = self._parts.clock.now().timestamp() * 1000
        ready = [task for task in tasks if task.not_before_ms <= now_ms]
        if any(self._intake.has_work(task) for task in ready):
            return 0.0
        if self._barrier.is_waiting or (self._window is not None and self._window.is_busy):
            return _AN_ANSWER_S
        if self._may_run_on(ready):
            return 0.0
        wake = [*self._due(ready, now_ms), *self._intake.lane_due(ready)]
        wake += [float(task.not_before_ms) for task in tasks if task.not_before_ms > now_ms]
        wake += self._probe(now_ms)
        soonest = (min(wake) - now_ms) / 1000 if wake else self._parts.idle_s
        return max(_LEAST_S, min(soonest, self._parts.idle_s))

    def _may_run_on(self, ready: list[Task]) -> bool:
        """A queue has a record that can be tried at once; those of a partner wait for its probes, or its rate."""
        window = self._window
        is_held_up = window is not None and (not window.outage.is_up or window.next_at is not None)
        return not is_held_up and any(task.keys.running_on for task in ready)

    def _probe(self, now_ms: float) -> Iterator[float]:
        """When a partner who is down is tried again; a probe that is overdue has nothing to try."""
        if self._window is not None and self._window.next_at is not None:
            yield self._window.next_at.timestamp() * 1000
        probe = None if self._window is None or self._window.outage.is_up else self._window.outage.breaker.next_probe
        if probe is not None and (probe_ms := probe.timestamp() * 1000) > now_ms:
            yield probe_ms

    def _due(self, ready: list[Task], now_ms: float) -> Iterator[float]:
        """When to ask for the ends that a timer needs; where those are known, what is read next wakes the poll."""
        skew_ms = now_ms - self._barrier.due_before_ms(round(now_ms))
        for task in ready:
            due_ms = task.timers.next_due_ms()
            if due_ms is not None and not self._barrier.awaits_input(task):
                yield due_ms + skew_ms
