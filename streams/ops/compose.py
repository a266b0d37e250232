"""What docker/ holds of the map: a worker an app, what Prometheus scrapes, alerts, dashboards.

python -m streams.ops.compose
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

from streams.contracts.current import topology as current_topology
from streams.contracts.modules import module
from streams.contracts.signatures import variables
from streams.contracts.topology import Stanza, Topology
from streams.ops.alerts import rules
from streams.ops.dashboards.grafana import dashboards

DOCKER = Path(__file__).parents[2] / "docker"
_NOTE = "# Generated from topology.yaml by: python -m streams.ops.compose\n"


def service(group: str) -> str:
    """The group as a host name."""
    return group.replace(".", "-").replace("_", "-")


def generated(topology: Topology) -> dict[str, str]:
    """Path below docker/ to content of every file that follows from the map."""
    return {
        "compose.yaml": _compose(topology),
        "prometheus.yml": _prometheus(topology),
        "alerts.yml": _NOTE + rules(topology),
        **{f"grafana/dashboards/{name}": content for name, content in dashboards(topology).items()},
    }


def _compose(topology: Topology) -> str:
    stanzas = [topology.stanzas[group] for group in sorted(topology.stanzas)]
    volumes = ["kafka", "prometheus", *(f"state-{service(stanza.group)}" for stanza in stanzas)]
    stack = (DOCKER / "stack.yaml").read_text(encoding="utf-8")
    body = stack[stack.index("\nname:") + 1 :]
    return _NOTE + body + "".join(map(_worker, stanzas)) + "\nvolumes:\n" + "".join(f"  {name}:\n" for name in volumes)


def _worker(stanza: Stanza) -> str:
    name = service(stanza.group)
    options = [option for way in (stanza.channel, stanza.upstream) if way for option in way.options.items()]
    secrets = [name for option, held in options if option.endswith("_env") for name in variables(held)]
    lines = [
        f"\n  {name}:",
        "    <<: *worker",
        f'    command: [faust, -A, "{module(stanza)}", worker]',
        f"    volumes: [state-{name}:/state]",
    ]
    if secrets:
        lines.append(f"    environment: {{<<: *settings, {', '.join(map(_variable, secrets))}}}")
    return "\n".join(lines) + "\n"


def _variable(name: str) -> str:
    return f'{name}: "${{{name}:-}}"'


def _prometheus(topology: Topology) -> str:
    hosts = [service(group) for group in sorted(topology.stanzas)]
    config = {
        "global": {"scrape_interval": "5s", "evaluation_interval": "15s"},
        "rule_files": ["alerts.yml"],
        "scrape_configs": [
            {
                "job_name": "crossdock",
                "dns_sd_configs": [{"names": hosts, "type": "A", "port": 6066, "refresh_interval": "10s"}],
            }
        ],
    }
    return _NOTE + yaml.safe_dump(config, sort_keys=False)


def stale(topology: Topology) -> dict[str, str]:
    """What of `generated` is not as it stands in docker/; nothing where there is no docker/."""
    wanted = generated(topology) if DOCKER.is_dir() else {}
    return {name: content for name, content in wanted.items() if _standing(DOCKER / name) != content}


def _standing(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.is_file() else None


def write(files: Mapping[str, str]) -> None:
    for name, content in files.items():
        (DOCKER / name).write_text(content, encoding="utf-8")


def main() -> None:
    write(generated(current_topology()))


if __name__ == "__main__":
    main()
