"""How the map says that a partner is reached: one transport, its own settings, and those that all have."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streams.contracts.addresses import is_public
from streams.contracts.mistakes import suggest
from streams.contracts.topology import Channel
from streams.contracts.topology_section import Section
from streams.contracts.topology_values import cluster, count, duration, switch, text, url, variable

COMMON: dict[str, Any] = {
    "timeout": ("timeout", duration),
    "concurrency": ("concurrency", count),
    "opens_after": ("opens_after", count),
    "probe_every": ("probe_every", duration),
}
TARGETS = {"webhook": url, "kafka": cluster}
NEEDED: dict[str, dict[str, Any]] = {
    "webhook": {"secret_env": (variable, "PARTNER_X_SECRET")},
    "kafka": {"topic": (text, "acme.incoming.leads")},
}
OPTIONAL: dict[str, dict[str, Any]] = {"webhook": {"allow_private": switch}, "kafka": {"config_env": variable}}


def channel(partner: Section, root: Path) -> Channel | None:
    """The partner's channel; None, with the mistake noted, where it does not name exactly one transport of `root`."""
    section = partner.section("channel")
    transports = {file.stem for file in (root / "streams/channels").glob("[a-z]*.py")}
    kinds = [key for key in section if key in transports]
    if len(kinds) != 1:
        unknown = next((key for key in section if key not in COMMON), "")
        right = "keep one of them" if kinds else suggest(unknown, transports)
        section.note(section.line, f"it names {' and '.join(kinds) or 'no transport'}; {right}")
        return None
    kind = kinds[0]
    target = section.get(kind, TARGETS.get(kind, text), "")
    found = Channel(kind, target, **section.given(**COMMON), options=_options(kind, section))
    if kind in TARGETS:
        section.done()
    if kind == "webhook" and _is_inside(target) and not found.options.get("allow_private"):
        section.note(section.at(kind), f"{target} is no public address; allow_private: true would permit it")
    return found


def _is_inside(target: str) -> bool:
    """Whether a literal address leads into our own network; a name is judged when it is resolved."""
    try:
        return not is_public(urlsplit(target).hostname or "")
    except ValueError:
        return False


def _options(kind: str, section: Section) -> dict[str, Any]:
    """The transport's own keys; a transport without rows above judges its own, they are passed on as they are."""
    if kind not in TARGETS:
        return section.plain()
    needed = {key: section.need(key, parse, "", example) for key, (parse, example) in NEEDED[kind].items()}
    return needed | section.given(**{key: (key, parse) for key, parse in OPTIONAL[kind].items()})
