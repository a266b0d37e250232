"""What the map says of a partner's transport: what a channel gets, and which mistakes are told with their line."""

from pathlib import Path
from typing import Any

import pytest

from streams.contracts.mistakes import TopologyError
from streams.contracts.topology import Channel
from streams.contracts.topology_file import ROOT, load

SHIPPED = (ROOT / "tests/map.yaml").read_text(encoding="utf-8")
RABBIT = 'rabbitmq: "amqps://mq.acme.example/leads", exchange: leads'
SQS = 'sqs: "https://sqs.eu-west-1.amazonaws.com/123456789012/leads.fifo"'
ELSEWHERE = 'sqs: "https://queues.acme.example/1/leads"'
REDIS = 'redis: "rediss://redis.acme.example:6380/0", stream: leads'
SMTP = 'smtp: "mail.acme.example:587", from: shop@acme.example, to: a@b.example, subject: x'
LOGIN = "user_env: ACME_USER, password_env: ACME_PASS"


def read(tmp_path: Path, stanza: str) -> Channel:
    map = tmp_path / "topology.yaml"
    lines = f'\n  acme:\n    "on": [lead.accepted.v1]\n    channel: {{{stanza}}}\n'
    map.write_text(SHIPPED.rstrip() + lines, encoding="utf-8")
    found = load(map).stanzas["acme"].channel
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("stanza", "options"),
    [
        (RABBIT + ", url_env: ACME_AMQP", {"exchange": "leads", "url_env": "ACME_AMQP"}),
        ('rabbitmq: "amqp://mq.acme.example", routing_key: leads', {"routing_key": "leads"}),
        (SQS + ", format: avro", {"format": "avro"}),
        (ELSEWHERE + ", region: eu-west-1", {"region": "eu-west-1"}),
        (REDIS + ", maxlen: 1000, trim: exact", {"stream": "leads", "maxlen": 1000, "trim": "exact"}),
        (SMTP + ", tls: none", {"from": "shop@acme.example", "to": "a@b.example", "subject": "x", "tls": "none"}),
        ("kafka: same, topic: leads, format: cloudevents", {"topic": "leads", "format": "cloudevents"}),
        ('kafka: same, topic: leads, principal: "User:acme"', {"topic": "leads", "principal": "User:acme"}),
    ],
)
def test_a_channel_gets_its_options(tmp_path: Path, stanza: str, options: dict[str, Any]) -> None:
    assert read(tmp_path, stanza).options == options


def test_mails_go_out_over_few_connections_unless_the_stanza_says_more(tmp_path: Path) -> None:
    assert read(tmp_path, SMTP).concurrency == 4
    assert read(tmp_path, SMTP + ", concurrency: 9").concurrency == 9


@pytest.mark.parametrize(
    ("stanza", "mistake"),
    [
        ("kafka: same, topic: leads, principal: acme", "'acme' is no principal; write for example User:acme"),
        ('kafka: "far:9092", topic: leads, principal: "User:acme"', "another cluster's ACLs are not ours to give"),
        ('rabbitmq: "amqp://u:hush@mq.acme.example", exchange: x', "rabbitmq: credentials stand in the map; take them"),
        (
            'rabbitmq: "https://mq.acme.example", exchange: x',
            "is no such address; write amqp:// or amqps:// and a host",
        ),
        ('rabbitmq: "amqp://mq.acme.example:99999", exchange: x', "is no such address; write amqp:// or amqps://"),
        ('rabbitmq: "amqp://[::1", exchange: x', "is no such address; write amqp:// or amqps://"),
        ('rabbitmq: "amqp://mq.acme.example"', "nothing says where messages go; write an exchange, or a queue's name"),
        (RABBIT + ", exchnge: x", "exchnge is no key here; did you mean exchange?"),
        (RABBIT + ", format: json", "format: 'json' is not possible; write cloudevents or avro"),
        ('sqs: "https://sqs.eu-west-1.amazonaws.com"', "it is no queue's URL; write https://sqs.REGION.amazonaws.com/"),
        (ELSEWHERE, "the URL does not tell the region; write for example region: eu-west-1"),
        (SQS + ", access_key_env: KEY", "access_key_env stands without secret_key_env; write both"),
        ('redis: "redis://:hush@redis.acme.example", stream: x', "redis: credentials stand in the map; take them out"),
        ('redis: "redis://redis.acme.example"', "stream is missing; write for example stream: leads"),
        (REDIS + ", maxlen: 0", "maxlen: 0 is no count; write a whole number from 1"),
        (REDIS + ", trim: about", "trim: 'about' is not possible; write approximate or exact"),
        (REDIS + ", user_env: ACME_USER", "user_env stands without password_env; write both"),
        (SMTP.replace(":587", ""), "'mail.acme.example' is no server; write host:port"),
        (SMTP.replace(":587", ":99999"), "'mail.acme.example:99999' is no server; write host:port"),
        (SMTP.replace("shop@acme.example", "shop"), "from: 'shop' is no mail address; write user@host"),
        (SMTP.replace(", to: a@b.example", ""), "to is missing; write for example to: customer_id"),
        (f"{SMTP}, {LOGIN}, tls: none", "the password would be sent in the clear; write starttls or tls"),
        (SMTP + ", user_env: ACME_USER", "user_env stands without password_env; write both"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(tmp_path: Path, stanza: str, mistake: str) -> None:
    with pytest.raises(TopologyError) as caught:
        read(tmp_path, stanza)
    line = len(SHIPPED.rstrip().splitlines()) + 3
    assert f"topology.yaml:{line}: partner acme: channel: " in caught.value.message
    assert mistake in caught.value.message
    assert "hush" not in caught.value.message


@pytest.mark.parametrize("topic", ["", ', topic: ""'])
def test_a_topic_that_is_missing_is_told_once_and_as_that(tmp_path: Path, topic: str) -> None:
    with pytest.raises(TopologyError) as caught:
        read(tmp_path, f"kafka: same{topic}")
    (told,) = caught.value.message.splitlines()
    assert "partner acme: channel: topic" in told
