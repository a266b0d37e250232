"""What concerns the whole process: its sudden end, and how often it looks for garbage."""

import gc
import os


def collect_seldom() -> None:
    """What a turn makes lives until its end: looking for cycles in it again and again was a seventh of all CPU."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def exit_process(reason: str) -> None:
    """The supervisor starts the worker again; a clean-up would only hang on what is stuck."""
    os.write(2, f"crossdock: {reason}\n".encode())
    os._exit(70)
