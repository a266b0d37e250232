"""One file from the web to the disk: tried three times, checked by SHA-256, visible only when complete."""

import base64
import hashlib
import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from streams.ops.kafka.errors import EmbeddedKafkaError

_TRIES = 3
_PAUSE_SECONDS = 0.5
_TIMEOUT_SECONDS = 30
_CHUNK_BYTES = 256 * 1024
_OTHER_SOURCE = "check the network, or set MAVEN_REPO_URL to a mirror of Maven Central"


class _CutShort(Exception):
    """The connection ended before the whole file was there."""


def fetch(url: str, target: Path, sha256: str, count: Callable[[int], None]) -> None:
    """`count` hears of each chunk's bytes, and of a negative number when a try is thrown away.

    Raises EmbeddedKafkaError; what `count` raises ends the download.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            return _fetch_once(url, target, sha256, count)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500 or not tries_left:
                raise _failed(url, f"the server answered {error.code} {error.reason}") from error
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, _CutShort) as error:
            if not tries_left:
                raise _failed(url, str(getattr(error, "reason", None) or error or type(error).__name__)) from error
        except ValueError as error:
            raise _failed(url, str(error)) from error
        time.sleep(_PAUSE_SECONDS)


def _fetch_once(url: str, target: Path, sha256: str, count: Callable[[int], None]) -> None:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    received, digest = 0, hashlib.sha256()
    try:
        with os.fdopen(descriptor, "wb") as file, _opened(url) as response:
            while chunk := response.read(_CHUNK_BYTES):
                file.write(chunk)
                digest.update(chunk)
                received += len(chunk)
                count(len(chunk))
            promised = int(response.headers.get("Content-Length") or received)
        if received < promised:
            raise _CutShort(f"the connection ended after {received} of {promised} bytes")
        if digest.hexdigest() != sha256:
            raise EmbeddedKafkaError(
                f"the checksum of {_without_secrets(url)} differs: expected SHA-256 {sha256}, got {digest.hexdigest()} "
                f"({received} bytes); the source is damaged or not genuine: set MAVEN_REPO_URL to another one"
            )
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        count(-received)
        raise
    finally:
        Path(name).unlink(missing_ok=True)


def _opened(url: str) -> Any:
    """A mirror may want the name and password that its URL carries; urllib would take them for a port."""
    request = urllib.request.Request(_without_secrets(url))
    account, has_account, _ = urlsplit(url).netloc.rpartition("@")
    if has_account:
        request.add_header("Authorization", "Basic " + base64.b64encode(unquote(account).encode()).decode())
    return urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)


def _failed(url: str, why: str) -> EmbeddedKafkaError:
    return EmbeddedKafkaError(f"cannot download {_without_secrets(url)}: {why}; {_OTHER_SOURCE}")


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
