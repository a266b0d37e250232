"""topics plan, topics apply: what the map asks for against what the cluster has. Nothing is ever deleted."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from streams.contracts.names import Names
from streams.contracts.settings import Settings
from streams.contracts.topics import TopicSpec, extra_lanes, topics
from streams.contracts.topology import Topology
from streams.runtime.topics_admin import Standing, TopicsAdmin

Progress = Callable[[str, int, int], None]
BATCH = 20  # topics a request


class TopicsRefused(Exception):
    """The map asks for what would break what is stored; the message names each topic and the next step."""


@dataclass(frozen=True, slots=True)
class Change:
    """One topic, by its name on the cluster, that differs from the map; `what` says how.

    `config` are the settings to be set. `refused` stops `apply`; a `remark` changes nothing.
    """

    kind: Literal["create", "configure", "grow", "refused", "remark"]
    topic: str
    what: str
    spec: TopicSpec | None = None
    config: Mapping[str, str] = field(default_factory=dict)


def plan(
    topology: Topology, cluster: Mapping[str, Standing], prefix: Names, has_registry: bool = False
) -> list[Change]:
    """What `apply` would do, refuses and leaves; `cluster` has every topic, those of the map with their settings."""
    changes: list[Change] = []
    for spec in topics(topology, has_registry=has_registry):
        topic = spec.on_cluster(prefix)
        if topic in cluster:
            changes += _differences(topic, spec, cluster[topic])
        else:
            what = f"{spec.partitions} partitions, {_written(spec.config)}"
            changes.append(Change("create", topic, what, spec, spec.config))
    return [*changes, *_lanes_without_a_delay(topology, cluster, prefix)]


def planned(settings: Settings, topology: Topology) -> list[Change]:
    """The plan for the cluster of these settings; raises Unavailable, TopicRefused."""
    return _planned(TopicsAdmin(settings), settings, topology)


def apply(settings: Settings, topology: Topology, progress: Progress) -> list[Change]:
    """Does what the plan says and returns it.

    Raises TopicsRefused before anything is changed, and Unavailable and TopicRefused as the cluster does; what was done
    until then stays, and another `apply` goes on from there.
    """
    admin = TopicsAdmin(settings)
    changes = _planned(admin, settings, topology)
    refused = [f"{change.topic}: {change.what}" for change in changes if change.kind == "refused"]
    if refused:
        raise TopicsRefused("\n".join(refused))
    todo = [change for change in changes if change.kind != "remark"]
    for at in range(0, len(todo), BATCH):
        progress("topics", at, len(todo))
        _perform(admin, todo[at : at + BATCH])
    admin.await_leaders(
        {change.topic: change.spec.partitions for change in todo if change.spec and change.kind != "configure"}
    )
    progress("topics", len(todo), len(todo))
    return changes


def _planned(admin: TopicsAdmin, settings: Settings, topology: Topology) -> list[Change]:
    prefix, has_registry = Names(settings.prefix), settings.registry_url is not None
    wanted = [spec.on_cluster(prefix) for spec in topics(topology, has_registry=has_registry)]
    return plan(topology, admin.standing(wanted), prefix, has_registry)


def _perform(admin: TopicsAdmin, changes: list[Change]) -> None:
    specs = {change.topic: change.spec for change in changes if change.spec}
    admin.create({c.topic: specs[c.topic] for c in changes if c.kind == "create"})
    admin.grow({c.topic: specs[c.topic].partitions for c in changes if c.kind == "grow"})
    admin.configure({c.topic: c.config for c in changes if c.kind == "configure"})


def _differences(topic: str, spec: TopicSpec, standing: Standing) -> Iterator[Change]:
    if spec.partitions != standing.partitions:
        yield _partitions(topic, spec, standing.partitions)
    wrong = {key: value for key, value in spec.config.items() if standing.config.get(key) != value}
    if wrong:
        was = {key: standing.config.get(key, "nothing") for key in wrong}
        yield Change("configure", topic, f"{_written(wrong)} (was {_written(was)})", spec, wrong)


def _partitions(topic: str, spec: TopicSpec, has: int) -> Change:
    what = f"has {has} partitions, the map asks for {spec.partitions}"
    if spec.partitions < has:
        right = f"Kafka cannot take partitions away: write {has} into the map"
    elif spec.is_bound:
        right = f"its readers keep state, lanes and queues by partition: write {has} into the map, or use a new topic"
    elif spec.config.get("cleanup.policy") == "compact":
        right = f"an older value of a key would stay in its former partition: write {has} into the map"
    else:
        return Change("grow", topic, what, spec)
    return Change("refused", topic, f"{what}; {right}", spec)


def _lanes_without_a_delay(topology: Topology, cluster: Mapping[str, Standing], prefix: Names) -> Iterator[Change]:
    ours = [prefix.logical(topic) for topic in cluster if topic.startswith(prefix.prefix)]
    for stanza in topology.stanzas.values():
        for lane in extra_lanes(stanza, ours):
            what = f"the ladder of {stanza.group} no longer has this lane; it is read until empty"
            yield Change("remark", prefix.topic(lane), what)


def _written(config: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(config.items()))
