"""Avro's zigzag numbers and instants, as the compiled codecs need them."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime.fromtimestamp(0, UTC)
MILLISECOND = timedelta(milliseconds=1)
new = object.__new__


class Unusual(ValueError):
    """Bytes or values that the compiled codec leaves to fastavro, which accepts them or says what is wrong."""


def _spelled(number: int) -> bytes:
    rest, out = number << 1 if number >= 0 else ~(number << 1), bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


SMALL = [_spelled(number) for number in range(8192)]  # of one or two bytes: every length and most amounts


def varint(number: int) -> bytes:
    """The bytes of a long; raises Unusual beyond 64 bits."""
    if 0 <= number < 8192:
        return SMALL[number]
    if 0 <= number < 1 << 20:
        return bytes((number << 1 & 127 | 128, number >> 6 & 127 | 128, number >> 13))
    if not -(1 << 63) <= number < 1 << 63:
        raise Unusual
    return _spelled(number)


def instant(time: datetime) -> bytes:
    """The bytes of a timestamp-millis, rounded down; a time without zone is UTC."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    z = (time - EPOCH) // MILLISECOND << 1
    if not 1 << 35 <= z < 1 << 42:  # 1970-07 to 2039-09 has six bytes
        return varint(z >> 1)
    return bytes(
        (z & 127 | 128, z >> 7 & 127 | 128, z >> 14 & 127 | 128, z >> 21 & 127 | 128, z >> 28 & 127 | 128, z >> 35)
    )


def number_at(data: bytes, at: int) -> tuple[int, int]:
    """The long that begins there and where it ends; raises Unusual or IndexError."""
    found = shift = 0
    for place in range(at, at + 10):
        byte = data[place]
        found |= (byte & 127) << shift
        if byte < 128:
            if found >> 64:
                raise Unusual
            return found >> 1 ^ -(found & 1), place + 1
        shift += 7
    raise Unusual


def length_at(data: bytes, at: int) -> tuple[int, int]:
    """As number_at, for a length, which is not negative."""
    found, end = number_at(data, at)
    if found < 0:
        raise Unusual
    return found, end


def instant_at(data: bytes, at: int) -> tuple[datetime, int]:
    """The timestamp-millis that begins there and where it ends; raises as number_at, or OverflowError."""
    six = int.from_bytes(data[at : at + 6], "little")
    if six & 0x808080808080 != 0x8080808080:  # six bytes, as from 1970-07 to 2039-09, are taken together
        found, end = number_at(data, at)
        return EPOCH + MILLISECOND * found, end
    pairs = six & 0x7F007F007F | six >> 1 & 0x3F803F803F80
    z = pairs & 0x3FFF | pairs >> 2 & 0xFFFC000 | pairs >> 4 & 0x3FFF0000000
    return EPOCH + MILLISECOND * (z >> 1 ^ -(z & 1)), at + 6
