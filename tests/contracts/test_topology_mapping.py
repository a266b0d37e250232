"""What the map says of a partner's `where`, `fields` and `pii`; what is wrong with them is told with its line."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.schema_files import of_topics
from streams.contracts.topology import Topology
from streams.contracts.topology_file import TopologyError, load
from streams.contracts.translation import Field, Translation
from tests.contracts.samples import SCHEMAS
from tests.contracts.wrong_maps import SHIPPED

STANZA = """
  acme:
    "on": [order.placed.v1, notification.receipt.v1]
    channel: {kafka: same, topic: acme.incoming}
"""


def read(tmp_path: Path, lines: str, stanza: str = STANZA) -> Topology:
    file = tmp_path / "topology.yaml"
    file.write_text(SHIPPED.rstrip() + stanza + lines, encoding="utf-8")
    return load(file)


def said(map: Topology, event: str = "order.placed.v1") -> Translation | None:
    return map.events[f"acme.{event}"].translation


def test_without_a_word_all_of_each_event_leaves_but_personal_data(tmp_path: Path) -> None:
    map = read(tmp_path, "")
    assert said(map) == said(map, "notification.receipt.v1") == Translation()
    assert map.events["order.placed.v1"].translation is None
    assert of_topics(SCHEMAS, map)["acme.order.placed.v1"] == SCHEMAS["OrderPlaced"]


def test_a_stanza_speaks_for_all_of_its_events_or_for_each(tmp_path: Path) -> None:
    lines = """
    where: event.total_cents > 100
    pii: [customer.zip_prefix, customer_id]
    fields:
      order.placed.v1:
        order: order_id
        zip: customer.zip_prefix
        big: {cel: "event.total_cents > 10000", type: boolean}
"""
    map = read(tmp_path, lines)
    pii = ("customer.zip_prefix", "customer_id")
    fields = (
        Field("order", "order_id"),
        Field("zip", "customer.zip_prefix"),
        Field("big", cel="event.total_cents > 10000", type="boolean"),
    )
    assert said(map) == Translation("event.total_cents > 100", fields, pii)
    assert said(map, "notification.receipt.v1") == Translation("event.total_cents > 100", (), pii)
    own = of_topics(SCHEMAS, map)["acme.order.placed.v1"]
    assert (own["namespace"], own["name"], own["mapped_from"]) == ("acme", "OrderPlaced", "order.placed.v1")
    assert [field["name"] for field in own["fields"]] == ["order", "zip", "big"]


def test_events_that_no_word_is_about_leave_as_they_are(tmp_path: Path) -> None:
    lines = """
    where: {notification.receipt.v1: event.item_count > 1}
    fields: {order: order_id, cents: total_cents}
"""
    map = read(tmp_path, lines)
    fields = (Field("order", "order_id"), Field("cents", "total_cents"))
    assert said(map) == Translation("", fields)
    assert said(map, "notification.receipt.v1") == Translation("event.item_count > 1", fields)


KEYS = ["order.placed.v1", "notification.receipt.v1", "a", "cel", "type", "on", "x.v1"]
WRONG = [
    ("where: event.totl_cents > 1", "totl_cents; did you mean total_cents?"),
    ("where: event.total_cents", "order.placed.v1: event.total_cents is long, not boolean; compare"),
    ("where: [event.total_cents > 1]", "where: a list is no text; write a text"),
    ("where: {order.placd.v1: 'true'}", "it does not hear order.placd.v1; did you mean order.placed.v1?"),
    ("where: event.item_count > 1", "order.placed.v1: event.item_count > 1: there is no field item_count; known are"),
    ("fields: {order: oder_id}", "order.placed.v1: there is no field oder_id; did you mean order_id?"),
    ("fields: {order: order_id, city: customer.city}", "there is no field customer; did you mean customer_id?"),
    ("fields: {}", "fields names nothing that leaves; write for example fields: {order: order_id}"),
    ("fields: order_id", "is 'order_id'; write a mapping, name: value"),
    ("fields: {order.placed.v1: order_id}", "is 'order_id'; write a mapping, name: value"),
    ("fields: {my-order: order_id}", "'my-order' is no name of a field; write letters, digits and _"),
    ("fields: {a: {cel: 'event.total_cents'}}", "type is missing; write for example type: boolean"),
    ("fields: {a: {cel: 'event.total_cents', type: int}}", "type: 'int' is not possible; write string or long or"),
    ("fields: {a: {cel: 'event.total_cents', type: string}}", "event.total_cents is long, not string; compare"),
    ("fields: {a: {cel: 'event.order_id', typ: string}}", "typ is no key here; did you mean type?"),
    ("fields: {order.placed.v1: {a: customer, b: customer}}", "two fields are of the type Customer, which Avro can"),
    ("fields: {offer.v1: {a: order_id}}", "it does not hear offer.v1; known are"),
    ("pii: [customer.city]", "no event that it hears has personal data in customer.city; did you mean customer_id?"),
    ("pii: customer.zip_prefix", "pii is 'customer.zip_prefix'; write a list, [a, b]"),
    ("wher: event.total_cents > 1", "wher is no key here; did you mean where?"),
]


@pytest.mark.parametrize(("line", "message"), WRONG)
def test_a_mistake_is_told_at_its_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(TopologyError) as refused:
        read(tmp_path, f"    {line}\n")
    last = len((tmp_path / "topology.yaml").read_text(encoding="utf-8").splitlines())
    told = str(refused.value).splitlines()
    assert all(re.match(rf".*topology\.yaml:{last}: partner acme", each) for each in told), told
    assert any(message in each for each in told), told


JUNK = st.recursive(
    st.sampled_from([None, True, 0, "", "order_id", "customer.city", "event.total_cents > 1", "order.placed.v1"]),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(KEYS), inner, max_size=2)),
    max_leaves=4,
)


@settings(max_examples=60)
@given(where=JUNK, fields=JUNK, pii=JUNK)
def test_whatever_stands_there_is_read_or_told(
    tmp_path_factory: pytest.TempPathFactory, where: Any, fields: Any, pii: Any
) -> None:
    lines = yaml.safe_dump({"acme": {"where": where, "fields": fields, "pii": pii}}).splitlines()[1:]
    folder = tmp_path_factory.mktemp("map")
    with suppress(TopologyError):
        of_topics(SCHEMAS, read(folder, "\n".join(f"  {line}" for line in lines) + "\n"))


def test_a_mistake_among_several_lines_is_told_at_its_own(tmp_path: Path) -> None:
    lines = """    fields:
      order.placed.v1:
        order: order_id
        city: customer.town
        big:
          cel: event.total_cents > 'x'
          type: boolean
"""
    with pytest.raises(TopologyError) as refused:
        read(tmp_path, lines)
    text = (tmp_path / "topology.yaml").read_text(encoding="utf-8").splitlines()
    told = {int(each.partition(": ")[0].rpartition(":")[2]) for each in str(refused.value).splitlines()}
    assert {text[number - 1].strip() for number in told} == {"city: customer.town", "big:"}


def test_a_deadline_may_not_be_left_out_unseen(tmp_path: Path) -> None:
    stanza = STANZA.replace("[order.placed.v1, notification.receipt.v1]", "[lead.offered.v1]")
    with pytest.raises(TopologyError, match="its expires_at ends its deliveries, and no field is made of it; name it"):
        read(tmp_path, "    fields: {lead: lead_id}\n", stanza)
    read(tmp_path, "    fields: {lead: lead_id, until: expires_at}\n", stanza)


def test_a_key_that_is_personal_data_leaves_only_where_it_is_named(tmp_path: Path) -> None:
    shipped = SHIPPED.replace("ReceiptRequested, key: order_id", "ReceiptRequested, key: customer_id")
    stanza = STANZA.replace("[order.placed.v1, ", "[")
    file = tmp_path / "topology.yaml"
    file.write_text(shipped.rstrip() + stanza, encoding="utf-8")
    with pytest.raises(TopologyError, match="its key, customer_id, is personal data, and leaves with every message"):
        load(file)
    file.write_text(shipped.rstrip() + stanza + "    pii: [customer_id]\n", encoding="utf-8")
    load(file)
