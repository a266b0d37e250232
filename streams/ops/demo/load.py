"""What processes cost in CPU time and memory, and how long ago we began ourselves; from /proc, where there is one."""

import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_GROUP, _USER, _SYSTEM, _START, _RESIDENT = 2, 11, 12, 19, 21  # behind the command's name, proc(5)


@dataclass(frozen=True, slots=True)
class Load:
    """`cpu_percent` of one core, `resident_mb` of memory."""

    cpu_percent: float
    resident_mb: float


@dataclass(frozen=True, slots=True)
class Usage:
    cpu_seconds: float
    resident_mb: float

    def since(self, before: "Usage", seconds: float) -> Load:
        return Load(100 * (self.cpu_seconds - before.cpu_seconds) / seconds, self.resident_mb)


def usage(group: int) -> Usage | None:
    """Of a process group so far; None where the system does not tell."""
    found = [stat for stat in map(_stat, _PROC.glob("[0-9]*")) if stat and int(stat[_GROUP]) == group]
    if not found:
        return None
    ticks = sum(int(stat[_USER]) + int(stat[_SYSTEM]) for stat in found)
    pages = sum(int(stat[_RESIDENT]) for stat in found)
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1e6)


def own_age() -> float:
    """Seconds since this process was started, before its first line of Python; 0 where the system does not tell."""
    stat = _stat(_PROC / "self")
    if stat is None:
        return 0.0
    up = float((_PROC / "uptime").read_text().split()[0])
    return up - int(stat[_START]) / os.sysconf("SC_CLK_TCK")


def _stat(entry: Path) -> list[str] | None:
    """The fields behind the command's name, which may hold blanks and brackets itself."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
