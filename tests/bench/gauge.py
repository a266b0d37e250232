"""What a contestant has done and used: offsets that its group has committed, CPU and memory of its process."""

import os
import subprocess
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.spec import AppSpec

_TICK = os.sysconf("SC_CLK_TCK")
_LOOK_S = 0.01
Process = subprocess.Popen[bytes]


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
        self.group = settings.prefix + app.group
        topics = [settings.prefix + source.topic for source in app.stanza.sources]
        self._places = [TopicPartition(topic, p) for topic in topics for p in range(app.stanza.partitions)]

    def events(self) -> int:
        asked = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(self.group, self._places)])
        found = asked[self.group].result(10).topic_partitions
        return sum(max(place.offset, 0) for place in found)

    def members(self) -> int:
        """How many the broker still counts to the group."""
        found = self._admin.describe_consumer_groups([self.group])[self.group].result(10)
        return len(found.members)

    def next_commit(self, pid: int, patience_s: float = 30.0) -> Sample:
        """Waits for the next commit; raises TimeoutError."""
        before, deadline = self.events(), monotonic() + patience_s
        while (now := self.events()) == before:
            if monotonic() > deadline:
                raise TimeoutError(f"{self.group} committed nothing for {patience_s:g} s, it stands at {before}")
            sleep(_LOOK_S)
        return Sample(monotonic(), now, cpu_s(pid), machine_s())


class Outputs:
    """What a read_committed reader sees of the run's output topic from now on."""

    def __init__(self, settings: Settings, app: AppSpec) -> None:
        self.reader: Any = clients.onlooker(settings)
        self.topics = [topic for topic in app.topology.events if topic.endswith(".out")]
        places = [TopicPartition(settings.prefix + it, p) for it in self.topics for p in range(app.stanza.partitions)]
        ends = [self.reader.get_watermark_offsets(place, 10)[1] for place in places]
        if places:
            self.reader.assign(
                [TopicPartition(it.topic, it.partition, end) for it, end in zip(places, ends, strict=True)]
            )

    def next(self, patience_s: float) -> Any:
        """The next output; None where none comes in time."""
        deadline = monotonic() + patience_s
        while (left := deadline - monotonic()) > 0:
            message = self.reader.poll(min(left, 0.05))
            if message is not None and message.error() is None:
                return message
        return None

    def first(self, progress: Progress, process: Process, patience_s: float = 90.0) -> float:
        """When the first output was seen, or the first commit of a run that has no outputs; closes the reader."""
        try:
            if not self.topics:
                return progress.next_commit(process.pid, patience_s).at
            deadline = monotonic() + patience_s
            while monotonic() < deadline and process.poll() is None:
                if self.next(0.5) is not None:
                    return monotonic()
            raise TimeoutError(f"{progress.group} had no output, or ended (within {patience_s:g} s)")
        finally:
            self.reader.close()


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
