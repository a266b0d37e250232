"""Schemas as a foreign registry or an unlucky hand may write them: JSON of any shape, mostly in Avro's words."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.contracts.samples import SCHEMAS

KINDS = [
    "null",
    "long",
    "int",
    "string",
    "bytes",
    "double",
    "boolean",
    "record",
    "enum",
    "array",
    "map",
    "fixed",
    "X",
    "",
]
WORDS = [
    "type",
    "name",
    "fields",
    "items",
    "values",
    "symbols",
    "size",
    "default",
    "logicalType",
    "aliases",
    "state_of",
]
LOGICAL = ["timestamp-millis", "decimal", "uuid", "date", "time-micros", "duration"]
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 9),
    st.floats(),
    st.text(max_size=9),
    st.sampled_from(KINDS),
    st.sampled_from(LOGICAL),
    st.just([]),
    st.just({}),
    st.just("A" * 300),
)
_SHAPES = st.recursive(
    st.one_of(st.sampled_from(KINDS), PLAIN),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"type": st.just("map"), "values": inner}),
        st.fixed_dictionaries(
            {"type": st.just("fixed"), "name": st.just("F"), "size": st.one_of(inner, st.integers())}
        ),
        st.fixed_dictionaries({"type": st.just("enum"), "name": st.just("E"), "symbols": st.lists(inner, max_size=3)}),
        st.builds(
            lambda types: {
                "type": "record",
                "name": "R",
                "fields": [{"name": f"f{at}", "type": each} for at, each in enumerate(types)],
            },
            st.lists(inner, max_size=3),
        ),
        st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    ),
    max_leaves=8,
)


@st.composite
def damaged(draw: st.DrawFn, record: str) -> Any:
    """The record's own schema with some of its parts replaced by anything."""
    schema = json.loads(json.dumps(SCHEMAS[record]))
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(schema))
        if not places:
            break
        where, at = draw(st.sampled_from(places))
        where[at] = draw(_SHAPES)
    return schema


def _places(part: Any) -> Any:
    if isinstance(part, dict | list):
        for at, inner in list(part.items() if isinstance(part, dict) else enumerate(part)):
            yield part, at
            yield from _places(inner)


def schemas(record: str) -> st.SearchStrategy[Any]:
    return st.one_of(damaged(record), _SHAPES)
