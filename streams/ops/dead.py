"""Dead letters: which records gave up, why, and sending them round again or away."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from streams.contracts import names
from streams.contracts.envelope import Facts, facts_of
from streams.ops import control
from streams.ops.tables import open_letters
from streams.runtime.outside import Cluster, Stored


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter; `is_open` while it may still be replayed or dropped, `is_parked` while its key waits behind it."""

    id: str
    group: str
    is_open: bool
    is_parked: bool
    facts: Facts
    stored: Stored

    @property
    def key(self) -> str | None:
        return None if self.stored.key is None else self.stored.key.decode(errors="backslashreplace")

    @property
    def turn(self) -> tuple[int, str, int, int]:
        """Sorts letters as their records stood in the log, as near as append times tell."""
        return self.facts.timestamp_ms, self.facts.topic, self.facts.partition, self.facts.offset


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant; what is None chooses nothing out. Times are those of the last failure."""

    ids: Collection[str] = ()
    group: str | None = None
    fingerprint: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_open: bool | None = True

    def takes(self, letter: Letter) -> bool:
        failed_at = letter.facts.last_failed_at_ms / 1000
        return (
            (not self.ids or letter.id in self.ids)
            and self.fingerprint in (None, letter.facts.fingerprint)
            and self.key in (None, letter.key)
            and (self.since is None or failed_at >= self.since.timestamp())
            and (self.until is None or failed_at < self.until.timestamp())
            and self.is_open in (None, letter.is_open)
        )


def letters(cluster: Cluster, groups: Iterable[str], choice: Choice) -> list[Letter]:
    """The chosen letters of these groups, in the order of the log. A letter that died again counts as its newest."""
    wanted = [group for group in groups if choice.group in (None, group)]
    found = (letter for group in wanted for letter in _of_group(cluster, group) if choice.takes(letter))
    return sorted(found, key=lambda letter: letter.turn)


def command(cluster: Cluster, name: str, chosen: Iterable[Letter], rate: float) -> Iterator[Letter]:
    """Ask the owning task of each letter to `replay` or `drop` it, at most `rate` a second; yields what was asked.

    A letter that is closed by the time its task hears of it stays as it is, so asking twice acts once.
    """
    with control.Sender(cluster.settings, rate) as sender:
        for letter in chosen:
            sender.send(letter.group, letter.stored.partition, name, letter.stored)
            yield letter


def _of_group(cluster: Cluster, group: str) -> Iterator[Letter]:
    topic = names.dead(group)
    if topic not in cluster.topics:
        return
    still_open = open_letters(cluster, group)
    newest: dict[str, Letter] = {}
    for stored in cluster.read(cluster.places(topic)):
        facts = facts_of(stored.headers)
        if facts is None:
            continue
        letter = f"{facts.topic}-{facts.partition}-{facts.offset}"
        entry = still_open.get(letter)
        is_open = entry is not None and entry.attempts == facts.attempts
        before = newest.get(letter)
        if before is None or before.facts.attempts <= facts.attempts:
            newest[letter] = Letter(letter, group, is_open, is_open and bool(entry and entry.is_parked), facts, stored)
    yield from newest.values()
