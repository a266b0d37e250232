"""Two workers that run every app, and what is done to them: signals, sleep beyond the session, a lost disk."""

import fcntl
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.chaos.brokers import WORKERS, Wait
from tests.chaos.faults import (
    BOTH,
    FREEZE,
    KILL,
    NAP,
    OLD_DISK,
    SIGNALS,
    STOP,
    WIPE,
    Fault,
)
from tests.flow import Flow
from tests.worker import Worker, until

_NO_BROKER = "no answer from Kafka"
_LET_IT_START_S, _LET_IT_STOP_S = 6.0, 30.0
_LOOK_S = 0.2
_SIGNALS = dict(zip(SIGNALS, (signal.SIGTERM, signal.SIGINT, signal.SIGKILL), strict=True))


class Crew:
    """`homes` are one directory that both share, or one for each. Whoever ends is started again.

    `reach` tells each worker, by its number, where Kafka is.
    """

    def __init__(self, flow: Flow, homes: list[Path], reach: Callable[[int], str]) -> None:
        self._flow, self.homes, self._reach = flow, homes, reach
        self.past: list[Worker] = []
        self.findings: list[str] = []
        self._asked: list[Worker] = []
        self._workers = [self._start(number) for number in range(WORKERS)]

    def suffer(self, fault: Fault, wait: Wait) -> None:
        """One fault of a worker, or of both, from its beginning to the restart."""
        if fault.kind in SIGNALS:
            self._asked += self._workers
            for worker in self._workers:
                worker.send_signal(_SIGNALS[fault.kind])
            return
        numbers = [0, 1] if fault.kind == BOTH else [fault.worker]
        workers = [self._workers[number] for number in numbers]
        if fault.is_awaited:
            self._await_ready(workers[0])
        if fault.kind in (NAP, FREEZE):
            workers[0].send_signal(signal.SIGSTOP)
            wait(fault.lasts_s)
            workers[0].send_signal(signal.SIGCONT)
            return
        if fault.kind == STOP:
            self._stop(workers)
        for worker in workers:
            worker.kill()
        self._change_disk(fault)
        wait(fault.lasts_s)
        for number in numbers:
            self._workers[number] = self._start(number)

    def tend(self, seconds: float = 0.0) -> None:
        """As a supervisor does, for so long. A worker that finds no broker at its start may end, or one that was told
        to; nothing else ends one."""
        deadline = time.monotonic() + seconds
        self._revive()
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_S))
            self._revive()

    def stop(self) -> None:
        """In good order, both at once."""
        self._stop(self._workers)

    def said(self, text: str) -> list[str]:
        """What follows this text in the logs of all workers there ever were."""
        lines = (line for worker in self.past for line in worker.log.splitlines())
        return [line.partition(text)[2] for line in lines if text in line]

    def _revive(self) -> None:
        for number, worker in enumerate(self._workers):
            if worker.exit_code is not None:
                if worker not in self._asked and _NO_BROKER not in worker.log:
                    self.findings.append(f"a worker ended by itself ({worker.exit_code}): {worker.log[-2000:]}")
                self._workers[number] = self._start(number)

    def _stop(self, workers: list[Worker]) -> None:
        for worker in workers:
            until(partial(_hears, worker), "a worker that hears signals")
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        codes = [worker.wait_exit(_LET_IT_STOP_S) for worker in workers]
        if any(codes):
            self.findings.append(f"asked to stop, workers ended with exit codes {codes}")

    def _await_ready(self, worker: Worker) -> None:
        deadline = time.monotonic() + _LET_IT_START_S
        while worker.page("/ready")[0] != 200 and time.monotonic() < deadline:
            time.sleep(0.1)

    def _start(self, number: int) -> Worker:
        self.past.append(self._flow.run(CROSSDOCK_HOME=str(self._home(number)), CROSSDOCK_BROKER=self._reach(number)))
        return self.past[-1]

    def _home(self, number: int) -> Path:
        return self.homes[number % len(self.homes)]

    def _change_disk(self, fault: Fault) -> None:
        """Wipe it, put back what the first killed worker left, or keep that; only what no living worker holds."""
        home = self._home(fault.worker)
        copies = home / "copies"
        is_first = not copies.is_dir()
        for slot in home.glob("state/*/*"):
            with (slot / "lock").open("w") as lock, suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an app that starts takes another slot
                _change_store(fault.kind, slot / "store", copies / slot.relative_to(home), is_first)


def _change_store(kind: str, store: Path, copy: Path, is_first: bool) -> None:
    if kind in (WIPE, OLD_DISK):
        shutil.rmtree(store, ignore_errors=True)
    if kind == OLD_DISK and copy.is_dir():
        shutil.copytree(copy, store)
    elif kind == KILL and is_first and store.is_dir():
        shutil.copytree(store, copy)


def _hears(worker: Worker) -> bool:
    return bool(worker.page("/health")[0])
