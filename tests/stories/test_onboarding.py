"""A partner comes and goes by its stanza alone, on a cluster that asks every client for its password."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Consumer, KafkaError

from streams.contracts.settings import Settings
from streams.domain.events import LeadAccepted
from streams.runtime.outside import Cluster, Unavailable
from streams.runtime.topics_admin import TopicsAdmin
from tests.channels.far_servers import KafkaWithLogin
from tests.flow import Flow, small
from tests.worker import PATIENCE_S, until

AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
STANZA = {"on": ["lead.accepted.v1"], "channel": {"kafka": "same", "topic": "acme.incoming", "principal": "User:acme"}}


@pytest.fixture(scope="module")
def guarded() -> Iterator[KafkaWithLogin]:
    with KafkaWithLogin(
        {"authorizer.class.name": AUTHORIZER, "super.users": "User:ANONYMOUS;User:crossdock"}
    ) as kafka:
        yield kafka


@pytest.fixture
def flow(guarded: KafkaWithLogin, tmp_path: Path) -> Iterator[Flow]:
    with Flow(guarded.login, tmp_path, small(), kafka_config=str(guarded.properties("crossdock"))) as flow:
        yield flow


def draw(flow: Flow, **stanza: Any) -> None:
    """Nothing but the file changes: what follows from it is the command's to do."""
    wanted = small()
    if stanza:
        wanted["partners"]["acme"] = stanza
    flow.settings.topology.write_text(yaml.safe_dump(wanted), encoding="utf-8")


def planned(flow: Flow) -> set[tuple[str, str]]:
    done = flow.cli("partners", "plan", "--json")
    return {(step["kind"], step["name"].removeprefix(flow.settings.prefix)) for step in yaml.safe_load(done.stdout)}


def accept(flow: Flow, *leads: str) -> None:
    now = datetime.now(UTC)
    flow.send(*(LeadAccepted(lead_id=x, order_id=x, provider_id="p", wave=1, accepted_at=now) for x in leads))


def keys(flow: Flow, topic: str) -> set[bytes | None]:
    cluster = Cluster(flow.settings)
    return {stored.key for stored in cluster.read(cluster.places(topic))}


def read_as_acme(flow: Flow, guarded: KafkaWithLogin, topic: str) -> bytes | int | None:
    """The first record's key, or the code of the refusal."""
    properties = guarded.properties("acme").read_text(encoding="utf-8")
    login = dict(line.split("=", 1) for line in properties.splitlines())
    group = {"group.id": f"{flow.settings.prefix}acme.reader", "auto.offset.reset": "earliest"}
    with closing(Consumer({"bootstrap.servers": guarded.login, **group, **login})) as consumer:
        consumer.subscribe([flow.settings.prefix + topic])
        message = consumer.poll(PATIENCE_S)
        assert message is not None
        error = message.error()
        return error.code() if error else message.key()


def test_a_partner_comes_and_goes_by_its_stanza(flow: Flow, guarded: KafkaWithLogin) -> None:
    draw(flow, **STANZA)
    assert planned(flow) >= {
        ("create", "acme.lead.accepted.v1"), ("create", "acme.incoming"), ("create", "acme.dead"),
        ("publish", "acme.lead.accepted.v1-value"), ("allow", "acme.incoming"), ("allow", "acme."),
        ("write", "docker/compose.yaml"),
    }  # fmt: skip
    done = flow.cli("partners", "apply")
    assert (done.returncode, planned(flow)) == (0, set()), done.stderr

    worker = flow.faust("partners:acme")
    accept(flow, "lead-1")
    assert read_as_acme(flow, guarded, "acme.incoming") == b"lead-1"
    assert read_as_acme(flow, guarded, "lead.accepted.v1") == KafkaError.TOPIC_AUTHORIZATION_FAILED

    assert flow.cli("partners", "pause", "acme").returncode == 0
    accept(flow, "lead-2")
    until(lambda: len(keys(flow, "acme.lead.accepted.v1")) == 2, "it waits in the partner's own topic")
    assert worker.stop() == 0
    draw(flow)
    assert ("refused", "acme") in planned(flow)
    refused = flow.cli("partners", "apply")
    assert refused.returncode == 1
    assert "1 records wait" in refused.stderr and "--abandon acme" in refused.stderr

    draw(flow, **STANZA, retiring=True)
    assert flow.cli("partners", "resume", "acme").returncode == 0
    accept(flow, "lead-3")
    flow.faust("partners:acme")
    until(lambda: keys(flow, "acme.incoming") == {b"lead-1", b"lead-2"}, "what waits goes out, and nothing new")

    draw(flow)
    until(lambda: flow.cli("partners", "apply").returncode == 0, "nothing waits for it any more")
    assert read_as_acme(flow, guarded, "acme.incoming") == KafkaError.GROUP_AUTHORIZATION_FAILED


def of(guarded: KafkaWithLogin, user: str, password: str) -> Settings:
    lines = guarded.properties(user, password).read_text(encoding="utf-8").splitlines()
    return Settings(guarded.login, kafka_config=dict(line.split("=", 1) for line in lines))


def test_a_cluster_that_refuses_our_password_is_told_as_that(guarded: KafkaWithLogin) -> None:
    refused = r"refuses us: .*Authentication failed.*; see to CROSSDOCK_KAFKA_CONFIG"
    wrong = of(guarded, "crossdock", "wrong")
    with pytest.raises(Unavailable, match=refused):
        Cluster(wrong).committed(["matching"])
    with pytest.raises(Unavailable, match=refused):
        _ = Cluster(wrong).topics
    with pytest.raises(Unavailable, match=refused):
        TopicsAdmin(wrong, patience_s=2).standing([])


def test_a_certificate_that_nobody_vouches_for_is_told_as_that(guarded: KafkaWithLogin) -> None:
    known = of(guarded, "crossdock", "right")
    unknown = {name: value for name, value in known.kafka_config.items() if name != "ssl.ca.location"}
    with pytest.raises(Unavailable, match=r"refuses us: .*certificate verify failed.*; see to CROSSDOCK_KAFKA_CONFIG"):
        _ = Cluster(replace(known, kafka_config=unknown)).topics


def test_a_cluster_that_does_not_let_us_is_told_as_that(guarded: KafkaWithLogin) -> None:
    with pytest.raises(Unavailable, match=r"refuses us: .*Group authorization failed.*what its user may do"):
        Cluster(of(guarded, "acme", "right")).committed(["matching"])
