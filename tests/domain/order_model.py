"""Order under failure played without Kafka: one group, a ladder, letters and commands; no clock.

Every record is an `Arrival`; `tries` and `ends` are what the laws of test_order.py are about.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from streams.domain.failure import Ladder, Poison, RetryAt, TryLater, Verdict, verdict
from streams.domain.order import Held, failed, finished, is_awaited, queued, recalled, taken

Outcome = Literal["succeeds", "fails", "later", "poison"]
Verb = Literal["replay", "drop"]
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
ERRORS = {"fails": RuntimeError("broken"), "later": TryLater(timedelta(seconds=3)), "poison": Poison("never")}


class Arrival(NamedTuple):
    id: str
    key: str


class Copy(NamedTuple):
    """A record in a lane; copies that nobody waits for any more stay there until they are due."""

    arrival: Arrival
    due_ms: int


class Letter(NamedTuple):
    arrival: Arrival
    attempts: int
    holds: bool


class Entry(NamedTuple):
    """A queued record; `attempts` are in its headers, as a letter's are when it is replayed."""

    arrival: Arrival
    attempts: int = 0


class Model:
    """Keeps what the runtime keeps: `held` and queue of each key, lanes, dead letters, and which of them are open."""

    def __init__(self, ladder: Ladder, choose: Callable[[Arrival], Outcome]) -> None:
        self.ladder, self.choose, self.now = ladder, choose, NOW
        self.held: dict[str, Held] = {}
        self.queues: dict[str, dict[int, Entry]] = {}
        self.lanes: dict[int, list[Copy]] = {n + 1: [] for n in range(len(ladder.delays))}
        self.dead: list[Letter] = []
        self.open: dict[str, int] = {}
        self.last_failure: dict[str, tuple[Arrival, int, int]] = {}
        self.log: dict[str, list[str]] = {}
        self.not_before: dict[str, datetime] = {}
        self.tries: Counter[str] = Counter()
        self.given_back: Counter[str] = Counter()
        self.ends: list[tuple[str, str, str]] = []  # key, id, succeeded | dropped | buried
        self.replayed: set[str] = set()
        self.obeyed: list[tuple[str, int]] = []

    def arrive(self, topic: str, key: str) -> None:
        log = self.log.setdefault(key, [])
        arrival = Arrival(f"{topic}-{key}-{len(log)}", key)
        log.append(arrival.id)
        if key in self.held:
            self._append(arrival)
        else:
            self._try(arrival, 0, 0, is_queued=False)

    def pass_time(self, delta: timedelta) -> None:
        """What has come due goes before its key's queue, which runs on."""
        self.now += delta
        for lane in self.lanes.values():
            while lane and lane[0].due_ms <= self.now.timestamp() * 1000:
                copy = lane.pop(0)
                held = self.held.get(copy.arrival.key)
                if held is not None and is_awaited(held, copy.arrival.id, copy.due_ms):
                    assert self.not_before[copy.arrival.id] <= self.now, "tried before its lane's delay is over"
                    self._recall(copy.arrival, held.lane, held.attempts)
                    self._run_on(copy.arrival.key)

    def give_back(self, key: str) -> None:
        """The key's last failure turns out to be its partner's outage."""
        held, known = self.held.get(key), self.last_failure.get(key)
        if held is not None and known is not None and held.id == known[0].id:
            self.open.pop(held.id, None)
            self.given_back[held.id] += 1
            self._recall(*known)
            self._run_on(key)

    def command(self, verb: Verb, letter: Letter) -> None:
        arrival = letter.arrival
        if self.open.get(arrival.id) != letter.attempts:
            return
        del self.open[arrival.id]
        self.obeyed.append((arrival.id, letter.attempts))
        if verb == "drop":
            self.ends.append((arrival.key, arrival.id, "dropped"))
            if letter.holds:
                self._set(arrival.key, finished(self.held[arrival.key]))
        elif letter.holds:
            self._recall(arrival, 0, letter.attempts)
        else:
            self.replayed.add(arrival.id)
            self.held.setdefault(arrival.key, Held(None))
            self._append(arrival, letter.attempts)
        self._run_on(arrival.key)

    def standing(self, key: str) -> list[str]:
        """Where the key's records stand whom it waits for: in a lane or parked."""
        copies = [copy for lane in self.lanes.values() for copy in lane]
        lanes = [c.arrival.id for c in copies if is_awaited(self.held.get(key), c.arrival.id, c.due_ms)]
        parked = [x.arrival.id for x in self.dead if x.holds and self.open.get(x.arrival.id) == x.attempts]
        return [id for id in dict.fromkeys((*lanes, *parked)) if id in self.log.get(key, ())]

    def queue(self, key: str) -> list[str]:
        held = self.held.get(key)
        return [] if held is None else [self.queues[key][n].arrival.id for n in range(held.first, held.next)]

    def _append(self, arrival: Arrival, attempts: int = 0) -> None:
        held = self.held[arrival.key]
        self.queues.setdefault(arrival.key, {})[held.next] = Entry(arrival, attempts)
        self._set(arrival.key, queued(held))

    def _recall(self, arrival: Arrival, lane: int, attempts: int) -> None:
        held = recalled(self.held.get(arrival.key), lane, attempts, 0)
        self.queues.setdefault(arrival.key, {})[held.first] = Entry(arrival, attempts)
        self._set(arrival.key, held)

    def _run_on(self, key: str) -> None:
        while (held := self.held.get(key)) is not None and held.is_running_on:
            entry = self.queues[key].pop(held.first)
            self._set(key, taken(held))
            self._try(entry.arrival, held.lane, held.attempts or entry.attempts, is_queued=True)

    def _try(self, arrival: Arrival, lane: int, attempts: int, *, is_queued: bool) -> None:
        assert arrival.id not in (*self.standing(arrival.key), *self.queue(arrival.key)), "tried while it waits"
        self.tries[arrival.id] += 1
        outcome = self.choose(arrival)
        if outcome == "succeeds":
            self.ends.append((arrival.key, arrival.id, "succeeded"))
            if is_queued:
                self._set(arrival.key, finished(self.held[arrival.key]))
            return
        said = verdict(self.ladder, lane, ERRORS[outcome], self.now)
        self.last_failure[arrival.key] = (arrival, lane, attempts)
        self._note(arrival, attempts + 1, said)
        self._set(arrival.key, failed(self.held.get(arrival.key), arrival.id, attempts + 1, said, 0))

    def _note(self, arrival: Arrival, attempts: int, said: Verdict) -> None:
        if isinstance(said, RetryAt):
            self.not_before[arrival.id] = said.due
            self.lanes[said.lane].append(Copy(arrival, round(said.due.timestamp() * 1000)))
            return
        letter = Letter(arrival, attempts, said.holds)
        if letter not in self.dead:  # one that was given back may come again: the same letter, not another
            self.dead.append(letter)
        self.open[arrival.id] = attempts
        if not said.holds:
            self.ends.append((arrival.key, arrival.id, "buried"))

    def _set(self, key: str, held: Held | None) -> None:
        if held is None:
            self.held.pop(key, None)
        else:
            self.held[key] = held
