"""The stanzas of docs/service-map.md: each makes a map with the shipped one, and its receiver and channel open."""

import re
from pathlib import Path

import pytest
import yaml

from streams.channels import open_channel
from streams.contracts.settings import Settings
from streams.contracts.topology_file import load
from streams.receivers import open_receiver

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/service-map.md").read_text(encoding="utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)]
CONTEXTS = [block for block in BLOCKS if "commands" not in block]
COMMANDS = next(block for block in BLOCKS if "commands" in block)


@pytest.mark.parametrize("stanza", CONTEXTS)
async def test_every_stanza_works_as_it_stands(stanza: dict[str, object], tmp_path: Path) -> None:
    whole = yaml.safe_load((ROOT / "topology.yaml").read_text(encoding="utf-8"))
    whole["contexts"] |= stanza
    (tmp_path / "topology.yaml").write_text(yaml.safe_dump(whole | COMMANDS, sort_keys=False), encoding="utf-8")
    topology = load(tmp_path / "topology.yaml", ROOT)
    (tmp_path / "kafka.properties").write_text("security.protocol=PLAINTEXT\n", encoding="utf-8")
    env = {"SHOP_AMQP": "amqp://u:p@mq", "SHOP_REDIS": "secret", "SHOP_KAFKA": str(tmp_path / "kafka.properties")}
    channel = topology.stanzas["customer.out"].channel
    assert channel is not None
    for opened in (
        open_receiver(topology.stanzas["customer.in"], Settings(), env),
        open_channel(channel, Settings(), env),
    ):
        await opened.close()


def test_all_transports_are_shown() -> None:
    kinds = {key for context in CONTEXTS for key in context["customer"]["transport"]}
    assert {"rabbitmq", "redis", "sqs", "kafka"} <= kinds
