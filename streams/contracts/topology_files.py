"""The files that the map leans on, looked at and never imported: a schema for each record, a module for each app."""

import json
from functools import cache
from os.path import isfile  # as Path.is_file, but a name that no file can have is no file
from pathlib import Path
from typing import Any

from streams.contracts.mistakes import suggest
from streams.contracts.modules import ROOMS, module_file
from streams.contracts.topology import EventSpec, Stanza
from streams.contracts.topology_draft import Draft


def check_files(draft: Draft) -> None:
    """Notes every topic whose record has no usable schema, and every app without a module."""
    for spec in draft.events.values():
        if spec.record and not spec.is_partner_own:
            _check_schema(spec, draft)
    for stanza in draft.stanzas.values():
        if stanza.kind in ROOMS:
            _check_module(stanza, draft)


def _check_schema(spec: EventSpec, draft: Draft) -> None:
    line, folder = draft.lines[spec.topic], draft.root / "schemas"
    file = folder / f"{spec.record}.avsc"
    if not isfile(file):
        right = suggest(spec.record, (known.stem for known in folder.glob("*.avsc")))
        draft.mistakes.add(line, f"{spec.topic}: there is no schemas/{spec.record}.avsc", right)
        return
    fields = _fields(file)
    if fields is None:
        what = f"{spec.topic}: schemas/{spec.record}.avsc is no Avro record called {spec.record}"
        draft.mistakes.add(line, what, "mend the schema, its name is the file's")
    elif spec.key and spec.key not in fields:
        what = f"{spec.topic}: {spec.record} has no field {spec.key} to be the key"
        draft.mistakes.add(line, what, suggest(spec.key, fields))
    elif spec.key and fields[spec.key] != "string":
        what = f"{spec.topic}: {spec.record}.{spec.key} is no string"
        texts = [name for name, kind in fields.items() if kind == "string"]
        draft.mistakes.add(line, what, f"a key is text: {suggest(spec.key, texts)}")


def _check_module(stanza: Stanza, draft: Draft) -> None:
    room, module = ROOMS[stanza.kind], stanza.group.replace(".", "_")
    line = draft.lines[stanza.group]
    if not module.isidentifier() or (stanza.kind != "step" and "." in stanza.group):
        what = f"{stanza.kind} {stanza.group} cannot be the name of a Python module"
        draft.mistakes.add(line, what, "write letters, digits and _")
    elif module_file(stanza, draft.root) is None:
        known = {file.stem for file in (draft.root / room).glob("[a-z]*.py")}
        what = f"{stanza.kind} {stanza.group} has no module {room}/{module}.py"
        draft.mistakes.add(line, what, f"write it; {suggest(module, known)}" if known else "write it")


@cache
def _fields(file: Path) -> dict[str, Any] | None:
    """Field names and types of the record in `file`; None where it is no such record."""
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
        fields = {field["name"]: field["type"] for field in schema["fields"]}
        return fields if schema["type"] == "record" and schema["name"] == file.stem else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
