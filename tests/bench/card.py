"""What a contestant of the race is told: one JSON file, readable without this project's dependencies."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Card:
    """`schemas` and `ids` (of the registry) are by topic. `out` and `changelog` are empty where the row has none.

    `guarantee` is in the contestant's own words; what a contestant measures itself it writes to the file `report`.
    """

    broker: str
    row: str
    group: str
    inputs: list[str]
    out: str
    changelog: str
    schemas: Mapping[str, dict[str, Any]]
    ids: Mapping[str, int]
    state_dir: str
    partitions: int
    guarantee: str
    report: str
    extra: Mapping[str, int]

    def write(self, file: Path) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return file


def read(file: str) -> Card:
    return Card(**json.loads(Path(file).read_text(encoding="utf-8")))
