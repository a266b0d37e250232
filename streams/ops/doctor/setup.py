"""Is what the map asks for there: topics, their settings, schemas, under the right prefix."""

from collections.abc import Iterator
from dataclasses import replace

from streams.contracts.registry import RegistryUnavailable
from streams.ops.doctor.finding import Case, Finding
from streams.ops.schemas import check
from streams.ops.topics import Change, planned
from streams.runtime.outside import Cluster


def prefix(case: Case) -> Iterator[Finding]:
    """The map's topics stand under another prefix, so this one was probably forgotten or mistyped."""
    settings = case.cluster.settings
    if case.topology.events.keys() & case.cluster.topics.keys():
        return
    everything = Cluster(replace(settings, prefix="")).topics
    events = case.topology.events.keys()
    others = sorted({topic.removesuffix(event) for topic in everything for event in events if topic.endswith(event)})
    others = [other for other in others if all(other + event in everything for event in events)]
    if others:
        named = ", ".join(repr(other) if other else "no prefix" for other in others)
        yield Finding(
            f"no topic of the map has the prefix {settings.prefix!r}, but the cluster has them under {named}",
            "workers and commands of different prefixes do not see each other",
            "set CROSSDOCK_PREFIX (or --prefix), or run `topics apply` for a new environment",
        )


def topics(case: Case) -> Iterator[Finding]:
    """Missing topics in one finding, each wrong setting in one of its own."""
    changes = planned(case.cluster.settings, case.topology)
    missing = [change.topic for change in changes if change.kind == "create"]
    if missing:
        yield Finding(
            f"{len(missing)} topics are missing: {_some(missing)}",
            "apps that read or write them cannot start",
            "run `topics apply`",
        )
    for change in changes:
        if change.kind not in ("create", "remark"):
            yield _differs(change)


def _differs(change: Change) -> Finding:
    if change.kind == "refused":
        return Finding(f"{change.topic}: {change.what}", "`topics apply` refuses it", "change the map as it says")
    if "message.timestamp.type" in change.config:
        why = "deadlines, timers and the order between topics are judged by the broker's append time"
    else:
        why = "the map promises another behaviour than the cluster gives"
    return Finding(f"{change.topic}: {change.what}", why, "run `topics apply`")


def schemas(case: Case) -> Iterator[Finding]:
    """Contracts that differ from the registry's."""
    try:
        standings = check(case.cluster.settings, case.topology)
    except RegistryUnavailable as error:
        yield Finding(str(error), "apps pause until their schemas can be had", "see to the registry")
        return
    missing = [one.subject for one in standings if one.state == "new"]
    if missing:
        yield Finding(
            f"{len(missing)} schemas are not published: {_some(missing)}",
            "apps cannot write records whose schema has no id",
            "run `schemas publish`",
        )
    for one in standings:
        if one.state == "changed":
            why = "apps write with the latest version that is published"
            yield Finding(f"{one.subject} is newer here than in the registry", why, "run `schemas publish`", False)
        elif one.state == "incompatible":
            what = f"{one.subject} would break its readers: {', '.join(one.problems)}"
            yield Finding(what, "`schemas publish` refuses it", f"change schemas/{one.record}.avsc as it says")


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
