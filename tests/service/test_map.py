"""What the map says of contexts that live elsewhere: their apps, wildcards, owners of commands; and what is wrong."""

from pathlib import Path

import pytest

from streams.contracts.mistakes import TopologyError
from streams.contracts.topology import Topology
from streams.contracts.topology_file import load
from tests.service.maps import ROOT

PUBLISHES = "    publishes: [order.placed.v1, order.cancelled.v1]\n"
RABBIT = '    transport: {rabbitmq: "amqp://rabbit.example:5672/", in: orders, out: leads}\n'
HEARS = "    subscribes: [lead.*, order.screened.v1]\n"
COMMANDS = "contexts:\n"
WITHDRAW = "commands:\n  lead.withdraw: {record: CancelLead, key: lead_id}\ncontexts:\n"


def said(tmp_path: Path, *lines: str, commands: str = COMMANDS, more: tuple[str, str] = ("", "")) -> Topology:
    """The map of tests with these lines more in its customer context."""
    whole = (ROOT / "tests/map.yaml").read_text(encoding="utf-8")
    for old, new in ((PUBLISHES, PUBLISHES + "".join(lines)), (COMMANDS, commands), *([more] if more[0] else [])):
        assert whole.count(old) == 1, old
        whole = whole.replace(old, new)
    file = tmp_path / "topology.yaml"
    file.write_text(whole, encoding="utf-8")
    return load(file, ROOT)


def test_a_transport_makes_an_app_for_each_way(tmp_path: Path) -> None:
    topology = said(tmp_path, RABBIT, HEARS)
    way_in, way_out = topology.stanzas["customer.in"], topology.stanzas["customer.out"]
    assert way_in.kind == "inbound" and [spec.topic for spec in way_in.admits] == [
        "order.placed.v1",
        "order.cancelled.v1",
    ]
    assert way_in.upstream is not None and way_in.upstream.options == {"queue": "orders"}
    assert way_in.owner == way_out.owner == "team-shop"
    assert way_out.channel is not None and way_out.channel.options == {"routing_key": "leads"}


def test_a_star_stands_for_any_text_of_public_events_and_never_for_commands(tmp_path: Path) -> None:
    topology = said(tmp_path, RABBIT, HEARS)
    heard = [source.topic for source in topology.stanzas["customer.out"].sources if not source.is_own]
    leads = [topic for topic, spec in topology.events.items() if topic.startswith("lead.") and topic.endswith(".v1")]
    assert heard == [*leads, "order.screened.v1"] and len(leads) == 8


def test_a_star_does_not_stand_for_what_the_context_itself_publishes(tmp_path: Path) -> None:
    topology = said(tmp_path, RABBIT, '    subscribes: ["order.*"]\n')
    heard = [source.topic for source in topology.stanzas["customer.out"].sources if not source.is_own]
    assert heard == ["order.screened.v1"]


def test_subscribers_and_partners_have_wildcards_too(tmp_path: Path) -> None:
    topology = said(tmp_path, more=('notifications: {"on": [order.placed.v1]}', 'notifications: {"on": ["order.*"]}'))
    heard = [source.topic for source in topology.stanzas["notifications"].sources]
    assert heard == ["order.placed.v1", "order.cancelled.v1", "order.screened.v1"]
    topology = said(
        tmp_path,
        more=('"on": [lead.accepted.v1]\n    channel: {kafka', '"on": ["lead.*"]\n    channel: {kafka'),
    )
    assert len(topology.stanzas["partner_y"].sources) == 16


def test_a_command_goes_to_the_one_context_that_handles_it(tmp_path: Path) -> None:
    topology = said(tmp_path, RABBIT, "    handles: [lead.withdraw]\n", commands=WITHDRAW)
    assert [source.topic for source in topology.stanzas["customer.out"].sources] == [
        "lead.withdraw",
        "customer.out.lead.withdraw",
    ]


@pytest.mark.parametrize(
    ("transport", "way_in", "way_out"),
    [
        ('{redis: "redis://r:6379/0", in: orders, out: leads, maxlen: 1000}', "redis://r:6379/0", "redis://r:6379/0"),
        ('{kafka: "k:9092", in: orders, out: leads}', "k:9092", "k:9092"),
        (
            '{sqs: "https://sqs.eu-west-1.amazonaws.com/123456789012", in: orders.fifo, out: leads.fifo}',
            "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/leads.fifo",
        ),
        ('{rabbitmq: "amqp://r:5672/", in: orders, exchange: shop}', "amqp://r:5672/", "amqp://r:5672/"),
    ],
)
def test_another_broker_is_another_line(tmp_path: Path, transport: str, way_in: str, way_out: str) -> None:
    before = said(tmp_path, RABBIT, HEARS)
    after = said(tmp_path, f"    transport: {transport}\n", HEARS)
    assert after.events == before.events and after.stanzas.keys() == before.stanzas.keys()
    upstream, channel = after.stanzas["customer.in"].upstream, after.stanzas["customer.out"].channel
    assert upstream is not None and upstream.target == way_in and channel is not None and channel.target == way_out


SQS = '    transport: {sqs: "https://sqs.eu-west-1.amazonaws.com/1234/orders", in: orders, out: leads}\n'
MISTAKES = [  # the lines, the one that is wrong, what is said of it
    ([RABBIT.replace(", out: leads", ""), HEARS], 0, "out is missing, it hears; write for example out: leads"),
    ([RABBIT.replace("in: orders, ", ""), HEARS], 0, "in is missing, it publishes; write for example in: orders"),
    ([RABBIT.replace("rabbitmq", "rabitmq")], 0, "it names no transport; did you mean rabbitmq?"),
    ([RABBIT.replace("rabbit.example", "me:secret@rabbit.example")], 0, "credentials stand in the map"),
    ([RABBIT.replace("in: orders", "in: orders, inn: x")], 0, "inn is no key here; did you mean in?"),
    (["    transport: {kafka: same, in: orders}\n"], 0, "the map's own cluster needs no transport; write host:port"),
    ([SQS], 0, "it is no account's URL; write https://sqs.REGION"),
    ([HEARS], 0, "subscribes needs a transport; in this cluster apps say it for themselves"),
    (["    handles: [lead.start]\n"], 0, "handles needs a transport"),
    ([RABBIT, "    subscribes: [led.*]\n"], 1, "led.* stands for no event; known are lead.accepted.v1"),
    ([RABBIT, "    subscribes: [lead.start]\n"], 1, "lead.start is no public event"),
    ([RABBIT, "    handles: [order.screened.v1]\n"], 1, "order.screened.v1 is no command; known are"),
    ([RABBIT, "    handles: [lead.start]\n"], 1, "the command lead.start is read by lead.start and by customer.out"),
    ([RABBIT, "    sends: [lead.witdraw]\n"], 1, "no app reads the command lead.witdraw"),
    (['    outbox: {postgress: "postgresql://db/shop"}\n'], 0, "it names no transport; did you mean postgres?"),
]


@pytest.mark.parametrize(("lines", "wrong", "text"), MISTAKES)
def test_a_mistake_names_its_line(tmp_path: Path, lines: list[str], wrong: int, text: str) -> None:
    with pytest.raises(TopologyError) as caught:
        said(tmp_path, *lines)
    written = (tmp_path / "topology.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    line = next(number for number, each in enumerate(written, 1) if each == lines[wrong])
    assert any(f":{line}: " in told and text in told for told in caught.value.message.splitlines()), (
        caught.value.message
    )


def test_a_command_that_is_sent_and_nobody_owns_is_a_mistake(tmp_path: Path) -> None:
    sends = ("sends: [lead.start, lead.cancel]", "sends: [lead.start, lead.cancel, lead.withdraw]")
    with pytest.raises(TopologyError, match=r"no app reads the command lead\.withdraw"):
        said(tmp_path, RABBIT, commands=WITHDRAW, more=sends)
    assert said(tmp_path, RABBIT, "    handles: [lead.withdraw]\n", commands=WITHDRAW, more=sends)
