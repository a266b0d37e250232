"""Where settings come from: flags, which are put into the environment, then files that it names, then defaults."""

from pathlib import Path

import pytest

from streams.contracts.settings import SettingsError, from_env


@pytest.mark.parametrize("name", ["bootstrap.servers", "metadata.broker.list"])
def test_a_broker_in_the_properties_counts_where_nothing_nearer_names_one(tmp_path: Path, name: str) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text(f"{name}=far:9092\nclient.rack=r1\n", encoding="utf-8")
    env = {"CROSSDOCK_KAFKA_CONFIG": str(file)}
    assert from_env(env).broker == "far:9092"
    near = from_env(env | {"CROSSDOCK_BROKER": "near:9092"})
    assert (near.broker, near.kafka_config) == ("near:9092", {"client.rack": "r1"})
    assert from_env({}).broker == "127.0.0.1:9092"


@pytest.mark.parametrize("prefix", ["a/b.", "größe.", "a b", "x" * 101])
def test_a_prefix_that_no_topic_can_have_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match="CROSSDOCK_PREFIX"):
        from_env({"CROSSDOCK_PREFIX": prefix})
    assert from_env({"CROSSDOCK_PREFIX": "staging-1."}).prefix == "staging-1."
