"""What lies where under `<home>/kafka`."""

from dataclasses import dataclass
from pathlib import Path

from streams.ops.kafka.errors import EmbeddedKafkaError


@dataclass(frozen=True)
class Place:
    root: Path

    @classmethod
    def under(cls, home: Path) -> "Place":
        root = home.absolute().resolve() / "kafka"
        if "," in str(root):
            raise EmbeddedKafkaError(f"Kafka cannot keep data under a path with a comma: {root}; choose another home")
        return cls(root)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def pid_file(self) -> Path:
        return self.root / "pid"

    @property
    def port_file(self) -> Path:
        return self.root / "port"

    @property
    def log(self) -> Path:
        return self.root / "broker.log"

    @property
    def previous_log(self) -> Path:
        return self.root / "broker.log.1"

    @property
    def properties(self) -> Path:
        return self.root / "server.properties"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def new_archive(self) -> Path:
        return self.root / "new.jsa"

    @property
    def marker(self) -> str:
        """An argument of the broker's command line by which its process is told from any other."""
        return f"-Dcrossdock.kafka={self.root}"


def last_lines(file: Path, count: int = 12) -> str:
    """The end of a log, or an empty string when there is none."""
    try:
        return "\n".join(file.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


def read_number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
