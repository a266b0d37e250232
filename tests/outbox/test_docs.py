"""The stanza of docs/outbox.md works as it stands, and so does what it is written with."""

import re
from pathlib import Path

import pytest
import yaml

from streams.channels import ChannelError
from streams.contracts.settings import Settings
from streams.receivers import open_receiver
from tests.service.maps import ROOT, loaded

ENV = {"SHOP_DB_USER": "relay", "SHOP_DB_PASSWORD": "secret"}


def test_the_stanza_of_the_page_makes_an_app_that_can_be_opened(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/outbox.md").read_text(encoding="utf-8"), re.M | re.S)
    wanted = yaml.safe_load((ROOT / "tests/map.yaml").read_text(encoding="utf-8"))
    wanted["contexts"] |= yaml.safe_load(shown)["contexts"]
    stanza = loaded(wanted, tmp_path).stanzas["customer.outbox"]
    open_receiver(stanza, Settings(), ENV)
    with pytest.raises(ChannelError, match="SHOP_DB_USER is not set"):
        open_receiver(stanza, Settings(), {})
