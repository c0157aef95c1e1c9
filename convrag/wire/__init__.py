"""The one JSON form of an answer, a turn and a dialogue's state, and the schema that describes it.

Everything here is plain JSON: objects, arrays, strings, finite numbers, booleans and null. Spans
are ``[start, end)``, times are seconds, ids are strings. ``schema`` names the form of an answer;
readers refuse another.
"""

from convrag.wire.filters import EXAMPLES, filter_words, parse_filter, split_words
from convrag.wire.records import (
    answer_from_json,
    answer_to_json,
    turn_from_json,
    turn_to_json,
)
from convrag.wire.schema import JSON_SCHEMA, SCHEMA, Json
from convrag.wire.states import state_from_json, state_to_json
from convrag.wire.words import escape_markdown, plain_evidence_text

__all__ = [
    "EXAMPLES",
    "JSON_SCHEMA",
    "SCHEMA",
    "Json",
    "answer_from_json",
    "answer_to_json",
    "escape_markdown",
    "filter_words",
    "parse_filter",
    "plain_evidence_text",
    "split_words",
    "state_from_json",
    "state_to_json",
    "turn_from_json",
    "turn_to_json",
]
