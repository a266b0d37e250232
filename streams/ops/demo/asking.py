"""Questions to the demo's own processes, over HTTP on this machine."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from streams.ops.kafka.probe import HOST

_PATIENCE_S = 2.0


def ask(port: int, path: str) -> dict[str, Any]:
    """The JSON object that is answered, also with an error's status; empty where nobody answers."""
    try:
        with urlopen(f"http://{HOST}:{port}/{path}", timeout=_PATIENCE_S) as answer:
            found: dict[str, Any] = json.load(answer)
    except HTTPError as error:
        with error:
            found = json.load(error)
    except OSError:
        return {}
    return found
