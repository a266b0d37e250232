"""The process that clients live in: it can be killed or frozen at any call, and its clients know nothing of it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Literal, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Phase = Literal["before", "after"]


class Killed(BaseException):
    """The process has ended in the middle of a call: nothing that handles failures may catch this."""


class Client(Protocol):
    """What a process does to its clients when it stops or goes on."""

    @property
    def process(self) -> "Process": ...


def _as_always(call: str, phase: Phase) -> None:
    """Nothing happens to the process."""


class Process:
    """`fate(call, phase)` is asked around every call of a client, and may raise, kill, freeze, or let time pass.

    `call` is the client's kind and method (`producer.commit_transaction`). What it raises `after` a call has happened:
    the caller does not know that.
    """

    def __init__(self, name: str = "process") -> None:
        self.name = name
        self.fate: Callable[[str, Phase], None] = _as_always
        self.is_alive, self.is_frozen = True, False
        self.on_silent: list[Callable[[], None]] = []
        self.on_thaw: list[Callable[[], None]] = []

    def kill(self) -> None:
        """From now on every call of its clients raises Killed; sessions and transactions run out on the broker."""
        self.is_alive = False
        self._fall_silent()

    def kill_at(self, moment: str) -> None:
        """Such as `before producer.commit_transaction`, or `after` it: it has happened, and nobody here knows."""
        self._do_at(moment, self.kill)

    def freeze_at(self, moment: str, meanwhile: Callable[[], None]) -> None:
        def sleep() -> None:
            self.freeze()
            meanwhile()
            self.thaw()

        self._do_at(moment, sleep)

    def freeze(self) -> None:
        """Its clients send no heartbeats until `thaw`."""
        self.is_frozen = True
        self._fall_silent()

    def thaw(self) -> None:
        self.is_frozen = False
        for call in self.on_thaw:
            call()

    def ask(self, call: str, phase: Phase) -> None:
        if not self.is_alive:
            raise Killed(self.name)
        self.fate(call, phase)
        if not self.is_alive:
            raise Killed(self.name)

    def _do_at(self, moment: str, act: Callable[[], None]) -> None:
        """The next time only."""

        def fate(call: str, phase: Phase) -> None:
            if moment == f"{phase} {call}":
                self.fate = _as_always
                act()

        self.fate = fate

    def _fall_silent(self) -> None:
        for call in self.on_silent:
            call()


C = TypeVar("C", bound=Client)


def called(name: str) -> Callable[[Callable[Concatenate[C, P], R]], Callable[Concatenate[C, P], R]]:
    """A call of a client that its process may not survive."""

    def decorate(method: Callable[Concatenate[C, P], R]) -> Callable[Concatenate[C, P], R]:
        @wraps(method)
        def asked(self: C, /, *args: P.args, **kwargs: P.kwargs) -> R:
            self.process.ask(name, "before")
            result = method(self, *args, **kwargs)
            self.process.ask(name, "after")
            return result

        return asked

    return decorate
