"""What every format of conversations comes down to: words from outside, turns of a model, answers to its calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from langchain_awo.capture.importers.lines import parse_json
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Status, TokenUsage

RAW_ARGUMENTS: Final = "__raw__"
"""Key under which arguments are kept, as the model wrote them, when they are not a JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageText:
    """A message of a user or of the system.

    Attributes:
        message_id: tells one message from another that says the same, when it is known.
    """

    role: Literal["user", "system"]
    text: str
    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedCall:
    """A tool call as a model asked for it.

    Attributes:
        call_id: empty when the source has none.
    """

    name: str
    args: dict[str, JSONValue] = field(default_factory=dict)
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One call of a model, or a part of one.

    Attributes:
        part_of: turns with the same one are parts of one model call; empty for a model call by itself.
    """

    text: str = ""
    asks: tuple[RequestedCall, ...] = ()
    model: str = ""
    usage: TokenUsage | None = None
    scope: str = ""
    offered: tuple[str, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None
    error: str | None = None
    part_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a tool call.

    Attributes:
        call_id: empty when the source does not say which call it answers; then the name and the order do.
        own_id: an id of the message itself, which some formats use in place of `call_id`.
        status: `None` when only the output can tell.
    """

    call_id: str = ""
    own_id: str = ""
    name: str = ""
    output: JSONValue = None
    status: Status | None = None
    error: str | None = None
    ended_at: float | None = None


Item: TypeAlias = MessageText | Turn | Answer
"""One thing that happened in a conversation."""


def read_call_arguments(written: JSONValue) -> dict[str, JSONValue]:
    """The arguments of a tool call, from the JSON text the model wrote or from an object.

    >>> read_call_arguments('{"id": 7}'), read_call_arguments(None), read_call_arguments("seven")
    ({'id': 7}, {}, {'__raw__': 'seven'})
    """
    value = written
    if isinstance(written, str):
        try:
            value = parse_json(written) if written.strip() else {}
        except ValueError:
            return {RAW_ARGUMENTS: to_json(written)}
    if value is None:
        return {}
    return to_json(value) if isinstance(value, Mapping) else {RAW_ARGUMENTS: to_json(written)}


_INPUT: Final = (
    "input_tokens",
    "prompt_tokens",
    "inputTokens",
    "promptTokens",
    "prompt_token_count",
    "promptTokenCount",
    "input",
)
_OUTPUT: Final = (
    *("output_tokens", "completion_tokens", "outputTokens", "completionTokens"),
    *("candidates_token_count", "candidatesTokenCount", "output"),
)
_CACHED: Final = (
    *("cache_read_input_tokens", "cacheReadInputTokens", "cached_input_tokens", "cachedInputTokens"),
    *(
        "cached_content_token_count",
        "cachedContentTokenCount",
        "input_tokens_cache_read",
        "input_cache_read",
        "cached_tokens",
    ),
)
_DETAILS: Final = ("input_token_details", "prompt_tokens_details", "input_tokens_details")
_BESIDE: Final = (
    *("cache_read_input_tokens", "cacheReadInputTokens"),
    *("cache_creation_input_tokens", "cacheWriteInputTokens"),
)


def read_usage(reported: object) -> TokenUsage | None:
    """Token usage in any provider's spelling, `None` when there is none.

    Anthropic and Bedrock count what was read from or written to the cache beside the input; it is added to it here.

    >>> read_usage({"prompt_tokens": 9, "completion_tokens": 2})
    TokenUsage(input_tokens=9, output_tokens=2, cached_tokens=0)
    """
    if not isinstance(reported, Mapping):
        return None
    given, made = _find_first_count(reported, _INPUT), _find_first_count(reported, _OUTPUT)
    if given is None and made is None:
        return None
    cached = _read_cached(reported)
    is_beside = not any(key.lower().startswith("total") for key in map(str, reported))
    beside = sum(_parse_count(reported.get(key)) or 0 for key in _BESIDE) if is_beside else 0
    total = (given or 0) + beside
    return TokenUsage(input_tokens=total, output_tokens=made or 0, cached_tokens=min(cached, total))


def _read_cached(reported: Mapping[str, Any]) -> int:
    for key in _DETAILS:
        details = reported.get(key)
        if isinstance(details, Mapping):
            return _find_first_count(details, ("cache_read", "cached_tokens")) or 0
    return _find_first_count(reported, _CACHED) or 0


def _find_first_count(reported: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    return next((count for key in keys if (count := _parse_count(reported.get(key))) is not None), None)


def _parse_count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(float(value))
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 2**53 else None
