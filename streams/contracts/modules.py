"""Where an app's code is: in the file that is named after it, or in the one that builds it wherever that was moved."""

import re
from os.path import isfile
from pathlib import Path

from streams.contracts.topology import Kind, Stanza, Topology

ROOT = Path(__file__).parents[2]
BUILT_IN = {"planner": "streams.slips", "partner": "streams.partners", "inbound": "streams.inbound"}
ROOMS = {"subscriber": "streams/subscribers", "step": "streams/steps", "saga": "streams"}


def module_file(stanza: Stanza, root: Path) -> Path | None:
    """The path, relative to `root`, of the subscriber's, step's or saga's module; None where there is none."""
    named = Path(ROOMS[stanza.kind]) / f"{stanza.group.replace('.', '_')}.py"
    if isfile(root / named):
        return named
    built = re.compile(rf'\bbuild\(\s*stanza\("{re.escape(stanza.group)}"\)')
    files = sorted((root / "streams").rglob("*.py"))
    return next((file.relative_to(root) for file in files if built.search(file.read_text(encoding="utf-8"))), None)


def named(topology: Topology, kind: Kind, name: str) -> Stanza | None:
    """The app of this kind whose name as Python writes it is `name`: customer_in is customer.in."""
    stanzas = (each for each in topology.stanzas.values() if each.kind == kind)
    return next((each for each in stanzas if each.group.replace(".", "_") == name), None)


def module(stanza: Stanza, root: Path = ROOT) -> str:
    """What `faust -A` takes to run this app of the tree `root`; raises ModuleNotFoundError."""
    if stanza.kind in BUILT_IN:
        return f"{BUILT_IN[stanza.kind]}:{stanza.group.replace('.', '_')}"
    file = module_file(stanza, root)
    if file is None:
        raise ModuleNotFoundError(f"no module of streams/ builds {stanza.group}")
    return ".".join(file.with_suffix("").parts)
