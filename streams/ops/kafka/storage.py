"""Formatting: a data directory gets its identity once, before its first broker."""

import base64
import shutil
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from streams.ops.kafka.jars import cache_directory, locked
from streams.ops.kafka.java import run_tool
from streams.ops.kafka.place import Place
from streams.ops.kafka.properties import NODE_ID

IDENTITY = "meta.properties"


def is_formatted(place: Place) -> bool:
    return (place.data / IDENTITY).exists()


def cluster_id(place: Place) -> str:
    lines = (place.data / IDENTITY).read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))


def format_once(place: Place, class_path: Sequence[Path]) -> None:
    """Kafka's own tool decides the feature levels once per user; what it decided is then copied in no time."""
    template = cache_directory() / "bootstrap.checkpoint"
    if template.exists():
        place.data.mkdir(parents=True, exist_ok=True)
        _copy(template, place.data / template.name)
        write_identity(place.data / IDENTITY, new_id())
        return
    tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", new_id()]
    run_tool(class_path, [*tool, "-c", str(place.properties)])
    with suppress(OSError), locked(template.parent / "lock"):
        _copy(place.data / template.name, template)


def write_identity(file: Path, cluster: str, node: int = NODE_ID) -> None:
    """Of one directory of one node; every directory is a new one."""
    identity = f"version=1\nnode.id={node}\ncluster.id={cluster}\ndirectory.id={new_id()}\n"
    written = file.with_suffix(".new")
    written.write_text(identity)
    written.replace(file)


def _copy(source: Path, target: Path) -> None:
    written = target.with_suffix(".new")
    shutil.copyfile(source, written)
    written.replace(target)


def new_id() -> str:
    """Kafka's spelling of a UUID; it refuses one that begins with a dash."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return text if not text.startswith("-") else new_id()
