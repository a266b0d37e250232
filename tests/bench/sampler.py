"""Where a worker's time goes: a thread of its own looks every two milliseconds at what the engine's thread does."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

_EVERY_S = 0.002
_TREE = str(Path(__file__).parents[2]) + "/"


@contextmanager
def sampled(thread: str, file: str) -> Iterator[None]:
    """Writes the count of samples by module and function of ours, the innermost, of the thread of that name."""
    # By default a thread keeps the interpreter for 5 ms: samples would only be taken where it lets go by itself.
    sys.setswitchinterval(1e-5)
    seen: Counter[str] = Counter()
    over = threading.Event()
    looking = threading.Thread(target=_look, args=(thread, seen, over), daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(json.dumps(seen), encoding="utf-8")


def _look(name: str, seen: "Counter[str]", over: threading.Event) -> None:
    while not over.wait(_EVERY_S):
        ids = [thread.ident for thread in threading.enumerate() if thread.name == name]
        frames: dict[int, Any] = sys._current_frames()
        for number in ids:
            if number in frames:
                seen[_innermost(frames[number])] += 1


def _innermost(frame: FrameType | None) -> str:
    """`module function`; what libraries and generated code do counts for who called them."""
    while frame is not None and not frame.f_code.co_filename.startswith(_TREE + "streams"):
        if frame.f_code.co_filename.startswith(_TREE + "tests"):
            return "handler " + frame.f_code.co_name
        frame = frame.f_back
    if frame is None:
        return "outside -"
    return f"{frame.f_code.co_filename.removeprefix(_TREE)} {frame.f_code.co_name}"
