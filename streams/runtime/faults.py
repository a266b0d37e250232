"""What the engine itself finds wrong with a record or its handler."""

from streams.domain.failure import Poison


class Stray(Poison):
    """A record on a partition that is not its key's, or whose key is not its key field."""


class HandlerExited(Exception):
    """A handler wanted to end the process; obeyed, it would end it again at every start."""

    def __init__(self, code: object) -> None:
        super().__init__(f"the handler called sys.exit({code!r})")


class HandlerTimeout(Exception):
    """The handler hung on this before, and the process was ended for it."""

    def __init__(self) -> None:
        super().__init__("the handler did not return in time")


class Unsayable(Exception):
    """A handler's exception, named by its class, of which no text can be made."""
