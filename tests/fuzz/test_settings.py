"""The environment: settings are usable, or what cannot be used says which variable it is."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example
from hypothesis import strategies as st

from streams.channels import ChannelError, open_channel
from streams.contracts.settings import Settings, SettingsError, from_env
from streams.contracts.topology import Channel
from streams.runtime.outside import Unavailable, reach
from streams.runtime.registry_http import HttpRegistry
from tests.fuzz.properties import fuzz, tells
from tests.fuzz.strategies import BYTES, TEXTS

WORDS = TEXTS.filter(lambda text: "\0" not in text and text.isprintable())
NAMES = ["CROSSDOCK_BROKER", "SCHEMA_REGISTRY_URL", "CROSSDOCK_PREFIX", "CROSSDOCK_HOME", "CROSSDOCK_TOPOLOGY"]
SECRETS = st.one_of(WORDS, st.builds("whsec_{}".format, WORDS))
TARGETS = st.one_of(WORDS, st.builds("http://{}".format, WORDS), st.builds("https://a:{}/".format, WORDS))


@fuzz("settings", 30, env=st.dictionaries(st.sampled_from(NAMES), WORDS), properties=BYTES)
@example(env={}, properties=b"\xff")
def test_settings_are_read_or_refused_by_name(env: dict[str, str], properties: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "kafka.properties"
        file.write_bytes(properties)
        try:
            found = from_env({**env, "CROSSDOCK_KAFKA_CONFIG": str(file)})
        except SettingsError as error:
            tells(error, "CROSSDOCK_PREFIX" if "CROSSDOCK_PREFIX" in str(error) else "CROSSDOCK_KAFKA_CONFIG")
            return
        assert all(isinstance(value, str) for value in found.kafka_config.values())


# addresses of which none can be reached, so that nobody waits
BROKERS = st.one_of(st.text("0123456789:.,[]²-_ é", max_size=20).map("256.0.0.0{}".format), WORDS.map("{}:x".format))


@fuzz("settings", 20, broker=BROKERS)
@example(broker="..:9092")
@example(broker="a:²")
@example(broker="a" * 70 + ":1")
@example(broker="127.0.0.1:" + "9" * 5000)
def test_a_broker_that_is_no_address_is_told_as_one_that_does_not_answer(broker: str) -> None:
    try:
        reach(Settings(broker=broker))
    except Unavailable as error:
        tells(error, broker)


@fuzz("settings", 60, secret=SECRETS, target=TARGETS)
def test_a_webhook_that_cannot_be_opened_says_why(secret: str, target: str) -> None:
    channel = Channel("webhook", target, options={"secret_env": "SECRET"})
    try:
        open_channel(channel, Settings(), {"SECRET": secret})
    except ChannelError as error:
        tells(error)


@fuzz("settings", 5, url=st.one_of(WORDS, st.builds("http://{}".format, st.text("[]:@/% ", max_size=5))))
@example(url="nonsense")
@example(url="http://[")
def test_a_registry_that_is_no_address_is_one_that_does_not_answer(url: str) -> None:
    try:
        HttpRegistry(url).close()
    except SettingsError as error:
        tells(error, "SCHEMA_REGISTRY_URL")
