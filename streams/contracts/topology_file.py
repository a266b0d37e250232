"""Reads topology.yaml whole: the map as values, or every mistake in it at once."""

from dataclasses import replace
from pathlib import Path

from streams.contracts.mistakes import Mistakes, TopologyError
from streams.contracts.topology import EventSpec, Topology
from streams.contracts.topology_check import check
from streams.contracts.topology_contexts import read_contexts
from streams.contracts.topology_draft import PARTITIONS, Draft
from streams.contracts.topology_partners import read_partners
from streams.contracts.topology_section import Section
from streams.contracts.topology_values import count, duration, one_of, size, switch, text
from streams.contracts.yaml_lines import NotYaml, read
from streams.domain.failure import Ladder

__all__ = ["ROOT", "TopologyError", "load"]

ROOT = Path(__file__).parents[2]


def load(path: Path, root: Path = ROOT) -> Topology:
    """The map in `path`, checked against the files under `root`.

    Raises TopologyError, whose text has every mistake as `FILE:LINE: what is wrong; what would be right`.
    """
    mistakes = Mistakes(path)
    draft = Draft(mistakes, root)
    try:
        top = Section("the map", read(path), mistakes)
    except NotYaml as error:
        mistakes.add(error.line, f"the map {error}", "write plain YAML, as in the shipped topology.yaml")
        mistakes.raise_any()
        raise
    own = top.given(max_clock_skew=("max_clock_skew", duration), replication=("replication", count))
    _read_events(top, draft)
    _read_retries(top, draft)
    read_contexts(top, draft)
    read_partners(top, draft)
    top.done()
    topology = Topology(draft.events, draft.stanzas, **own)
    check(topology, draft)
    mistakes.raise_any()
    return topology


def _read_events(top: Section, draft: Draft) -> None:
    for name, section in top.sections("events", "event"):
        spec = EventSpec(
            topic=name.text,
            record=section.need("record", text, "", "OrderPlaced"),
            key=section.need("key", text, "", "order_id"),
            partitions=section.get("partitions", count, PARTITIONS),
            **section.given(
                retention=("retention", duration), is_compacted=("compacted", switch), max_bytes=("max_bytes", size)
            ),
        )
        draft.add_event(replace(spec, retention=None) if spec.is_compacted else spec, name.line)
        section.done()
    if not draft.events:
        top.note(top.at("events"), "it has no events; write for example events: {order.placed.v1: {…}}")


def _read_retries(top: Section, draft: Draft) -> None:
    for name, section in top.sections("retries", "retry ladder"):
        delays = tuple(section.parsed("delays", duration))
        draft.ladders[name.text] = Ladder(delays, section.need("then", one_of("park", "bury"), "bury", "park"))
        section.done()
    defaults = top.section("defaults", "defaults")
    draft.default_retry = defaults.get("retry", text, None)
    if draft.default_retry is not None:
        draft.ladders.setdefault(draft.default_retry, draft.ladder(defaults))
    defaults.done()
