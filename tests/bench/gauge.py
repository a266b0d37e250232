"""What a contestant has done and used: offsets that its group has committed, CPU and memory of its process."""

import os
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.spec import AppSpec
from tests.bench.ground import PARTITIONS

_TICK = os.sysconf("SC_CLK_TCK")
_LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class Sample:
    """Just after a commit: monotonic seconds, events finished so far, CPU seconds of the process and the machine."""

    at: float
    events: int
    cpu: float
    machine: float


class Progress:
    """The committed offsets of one run; its inputs hold no transaction markers, so offsets count events."""

    def __init__(self, settings: Settings, app: AppSpec) -> None:
        self._admin: Any = clients.admin(settings)
        self._group = settings.prefix + app.group
        topics = [settings.prefix + source.topic for source in app.stanza.sources]
        self._places = [TopicPartition(topic, p) for topic in topics for p in range(PARTITIONS)]

    def events(self) -> int:
        asked = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(self._group, self._places)])
        found = asked[self._group].result(10).topic_partitions
        return sum(max(place.offset, 0) for place in found)

    def next_commit(self, pid: int, patience_s: float = 30.0) -> Sample:
        """Waits for the next commit; raises TimeoutError."""
        before, deadline = self.events(), monotonic() + patience_s
        while (now := self.events()) == before:
            if monotonic() > deadline:
                raise TimeoutError(f"{self._group} committed nothing for {patience_s:g} s, it stands at {before}")
            sleep(_LOOK_S)
        return Sample(monotonic(), now, cpu_s(pid), machine_s())


def cpu_s(pid: int) -> float:
    """User and system seconds of the process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def machine_s() -> float:
    """Busy seconds of all cores so far."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _, _, irq, soft, *_ = map(int, stat.readline().split()[1:])
    return (user + nice + system + irq + soft) / _TICK


def rss_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
