"""How a demo ends without a report."""


class DemoFailed(Exception):
    """The message says what went wrong, and what whoever went wrong said last."""


class Interrupted(Exception):
    """Somebody asked us to stop."""
