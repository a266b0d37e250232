"""Keys are placed as Java's producers place them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),
    [  # org.apache.kafka.common.utils.UtilsTest.testMurmur2
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_the_hash_is_javas(key: str, signed: int) -> None:
    assert murmur2(key.encode()) == signed % 2**32


@given(st.binary(max_size=100), st.integers(1, 1000))
def test_a_partition_is_one_of_those_that_there_are(key: bytes, count: int) -> None:
    assert 0 <= partition_of(key, count) < count
