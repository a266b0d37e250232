"""A real HTTP server that speaks SQS (moto); it takes all credentials unless told, and keeps nothing through a kill."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

from tests.server_process import ServerProcess

REGION = "eu-west-1"
CREDENTIALS: Mapping[str, str] = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class SqsServer(ServerProcess):
    """`url` is its endpoint; `queue_url` that of a queue, which has to be made."""

    def __init__(self) -> None:
        super().__init__("sqs")
        self.url = f"http://127.0.0.1:{self.port}"

    def queue_url(self, name: str) -> str:
        return f"{self.url}/123456789012/{name}"

    def check_credentials(self, is_checked: bool = True) -> None:
        """From now on it knows nobody, or everybody again."""
        told = b"0" if is_checked else b"inf"
        asked = urllib.request.Request(f"{self.url}/moto-api/reset-auth", told, {"Content-Type": "text/plain"})
        with urllib.request.urlopen(asked, timeout=5):
            pass

    def command(self) -> Sequence[str]:
        run = "import sys; from moto.server import main; main(sys.argv[1:])"
        return [sys.executable, "-c", run, "-H", "127.0.0.1", "-p", str(self.port)]

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/moto-api/", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False
