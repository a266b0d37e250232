"""A YAML file as plain values that remember their lines."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_UNFIT = (LookupError, TypeError, AttributeError, OverflowError)  # a scalar that its tag does not fit
_LONGEST_BITS = 64
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Located:
    """`value` is a scalar, a list of Located or a dict of Located; `keys` has the line of each key of a dict."""

    value: Any
    line: int
    keys: dict[str, int] = field(default_factory=dict)
    twice: tuple[tuple[str, int], ...] = ()


class NotYaml(Exception):
    """The file cannot be read as YAML; `line` is where."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(" ".join(what.split()))
        self.line = line


def read(path: Path) -> Located:
    """The file's only document; raises NotYaml. A key that YAML 1.1 takes for true was written `on`."""
    try:
        return _read(yaml.SafeLoader(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise NotYaml(1, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NotYaml(error.object.count(b"\n", 0, error.start) + 1, "is not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(mark.line + 1 if mark else 1, f"is not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise NotYaml(1, f"is not YAML: {error}") from error


def _read(loader: yaml.SafeLoader) -> Located:
    try:
        node = loader.get_single_node()
        return Located({}, 1) if node is None else _Tree(loader).located(node)
    except RecursionError as error:
        raise NotYaml(loader.line + 1, "is nested too deeply") from error


class _Tree:
    """One document; a node that aliases name again is read once."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self._loader = loader
        self._read: dict[yaml.Node, Located | None] = {}

    def located(self, node: yaml.Node) -> Located:
        if node not in self._read:
            self._read[node] = None
            self._read[node] = self._content(node, node.start_mark.line + 1)
        found = self._read[node]
        if found is None:
            raise NotYaml(node.start_mark.line + 1, "is a loop: an alias stands inside what it names")
        return found

    def _content(self, node: yaml.Node, line: int) -> Located:
        if isinstance(node, yaml.SequenceNode):
            return Located([self.located(item) for item in node.value], line)
        if not isinstance(node, yaml.MappingNode):
            return Located(self._scalar(node), line)
        own, merged, twice = Located({}, line), Located({}, line), []
        for name, value in node.value:
            key, at = self._key(name), name.start_mark.line + 1
            if name.tag == _MERGE:
                self._merge(merged, value)
                continue
            if key in own.value:
                twice.append((key, at))
            own.keys[key], own.value[key] = at, self.located(value)
        return Located(merged.value | own.value, line, merged.keys | own.keys, tuple(twice))

    def _merge(self, into: Located, node: yaml.Node) -> None:
        """What `<<` names; the first of a list counts. Not yaml's own merging, which doubles what is merged twice."""
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            found = self.located(source)
            if not isinstance(found.value, dict):
                raise NotYaml(found.line, "is not YAML: what << names is no mapping")
            into.value.update({key: value for key, value in found.value.items() if key not in into.value})
            into.keys.update({key: at for key, at in found.keys.items() if key not in into.keys})

    def _key(self, node: yaml.Node) -> str:
        if node.tag == _MERGE:
            return "<<"
        value = self._scalar(node) if isinstance(node, yaml.ScalarNode) else "?"
        return "on" if value is True else str(value)

    def _scalar(self, node: yaml.Node) -> Any:
        line = node.start_mark.line + 1
        try:
            value = self._loader.construct_object(node)
        except yaml.MarkedYAMLError as error:
            raise NotYaml(line, f"is not YAML: {error.problem}") from error
        except ValueError as error:
            raise NotYaml(line, f"is not YAML: {error}") from error
        except _UNFIT as error:
            raise NotYaml(line, f"is not YAML: {node.value!r} is no {node.tag.rpartition(':')[2]}") from error
        if isinstance(value, int) and value.bit_length() > _LONGEST_BITS:
            raise NotYaml(line, f"has a number of {value.bit_length()} bits")
        return value
