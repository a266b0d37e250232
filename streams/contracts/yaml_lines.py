"""A YAML file as plain values that remember their lines."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


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
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        return Located({}, 1) if node is None else _Tree(loader).located(node)
    except OSError as error:
        raise NotYaml(1, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NotYaml(error.object.count(b"\n", 0, error.start) + 1, "is not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(mark.line + 1 if mark else 1, f"is not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise NotYaml(1, f"is not YAML: {error}") from error


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
        lines = [(self._key(key), key.start_mark.line + 1) for key, _ in node.value]
        twice = tuple(own for at, own in enumerate(lines) if own[0] in dict(lines[:at]) and own[0] != "<<")
        self._loader.flatten_mapping(node)
        keys = {self._key(key): key.start_mark.line + 1 for key, _ in node.value}
        return Located({self._key(key): self.located(value) for key, value in node.value}, line, keys, twice)

    def _key(self, node: yaml.Node) -> str:
        if node.tag == "tag:yaml.org,2002:merge":
            return "<<"
        value = self._scalar(node) if isinstance(node, yaml.ScalarNode) else "?"
        return "on" if value is True else str(value)

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node)
        except yaml.MarkedYAMLError as error:
            raise NotYaml(node.start_mark.line + 1, f"is not YAML: {error.problem}") from error
        except ValueError as error:
            raise NotYaml(node.start_mark.line + 1, f"is not YAML: {error}") from error
