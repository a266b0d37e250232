"""Hostile values: what outsiders send, from plain noise to our own words with one of them wrong."""

from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.integers().map(str),
    st.sampled_from(
        ["9" * 30, "9" * 400, "9" * 5000, "-1", "1_0", "٣", "²", "1e9", "1e999999", "NaN", "inf", "0x10", ""]
    ),
)
TEXTS = st.one_of(st.text(max_size=40), NUMBERS, st.sampled_from(["\0", "\r\n", "\x1b[2J", "é" * 300, "a" * 70_000]))
BYTES = st.one_of(st.binary(max_size=80), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))


def spliced(whole: bytes, noise: st.SearchStrategy[bytes] = BYTES) -> st.SearchStrategy[bytes]:
    """The whole with some of its bytes replaced by noise, so that most of it is still what readers expect."""
    place = st.integers(0, len(whole))
    return st.builds(lambda at, size, new: whole[:at] + new + whole[at + size :], place, st.integers(0, 40), noise)
