"""Which partition a key belongs to: murmur2, as Java's producers place it."""

import struct

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def partition_of(key: bytes, count: int) -> int:
    """Where Kafka's default partitioner, and librdkafka's `murmur2`, put this key among `count` partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % count


def murmur2(data: bytes) -> int:
    """The unsigned 32 bit hash of org.apache.kafka.common.utils.Utils.murmur2."""
    whole = len(data) >> 2
    state = _SEED ^ len(data)
    for word in struct.unpack_from(f"<{whole}I", data):
        word = word * _M & _MASK
        state = state * _M & _MASK ^ (word ^ word >> 24) * _M & _MASK
    tail = data[whole * 4 :]
    if tail:
        state = (state ^ int.from_bytes(tail, "little")) * _M & _MASK
    state = (state ^ state >> 13) * _M & _MASK
    return state ^ state >> 15
