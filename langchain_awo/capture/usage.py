"""Token usage in the forms that providers report it, on the message or beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from langchain_core.messages import AIMessage
from langchain_core.outputs import LLMResult

from langchain_awo.model.trace.trace import TokenUsage

_INPUT: Final = (
    "input_tokens",
    "prompt_tokens",
    "inputTokens",
    "promptTokens",
    "prompt_token_count",
    "input_token_count",
    "prompt_eval_count",
)
_OUTPUT: Final = (
    "output_tokens",
    "completion_tokens",
    "outputTokens",
    "completionTokens",
    "candidates_token_count",
    "generated_token_count",
    "output_token_count",
    "eval_count",
)
_CACHED: Final = ("cached_tokens", "cached_content_token_count", "cache_read")
_DETAILS: Final = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_CACHED_APART: Final = ("cache_read_input_tokens", "cacheReadInputTokens")
_WRITTEN_APART: Final = ("cache_creation_input_tokens", "cacheWriteInputTokens")
"""Anthropic and Bedrock count what was read from the cache, or written to it, beside the input and not as a part of it."""

_PLACES: Final = ("token_usage", "usage", "usage_metadata", "tokenUsage")
_MOST: Final = 2**53


def read_token_usage(message: AIMessage | None, response: LLMResult) -> TokenUsage | None:
    """Tokens as the provider reported them, `None` where it reported nothing that can be read."""
    usual = _read_usual(message.usage_metadata) if message is not None else None
    if usual is not None:
        return usual
    return next(
        (usage for report in _iterate_reports(message, response) if (usage := read_usage(report))), None
    )


def _read_usual(report: Mapping[str, Any] | None) -> TokenUsage | None:
    """LangChain's own form, which nearly all have, when there is nothing odd in it."""
    if not report:
        return None
    read, said = report.get("input_tokens"), report.get("output_tokens")
    details = report.get("input_token_details")
    cached = details.get("cache_read", 0) if type(details) is dict else 0
    if (
        type(read) is int
        and type(said) is int
        and type(cached) is int
        and 0 <= cached <= read
        and 0 < said < _MOST
    ):
        return TokenUsage(input_tokens=read, output_tokens=said, cached_tokens=cached)
    return None


def read_usage(report: object) -> TokenUsage | None:
    """Usage from one report; what is no number counts as nothing, and what was cached is never more than was read."""
    if not isinstance(report, Mapping) or not report:
        return None
    apart = _find_first_count(report, _CACHED_APART)
    read = _find_first_count(report, _INPUT)
    cached = (
        apart
        or _find_first_count(report, _CACHED)
        or max((_read_cached(report.get(key)) for key in _DETAILS), default=0)
    )
    if apart or cached > read:
        read += cached + _find_first_count(report, _WRITTEN_APART)
    usage = TokenUsage(
        input_tokens=read, output_tokens=_find_first_count(report, _OUTPUT), cached_tokens=cached
    )
    return usage if usage.total_tokens else None


def _iterate_reports(message: AIMessage | None, response: LLMResult) -> Iterator[object]:
    if message is not None:
        yield message.usage_metadata
        yield from _iterate_places(message.response_metadata)
    yield from _iterate_places(response.llm_output)


def _iterate_places(holder: object) -> Iterator[object]:
    if holder and isinstance(holder, Mapping):
        yield from (holder.get(place) for place in _PLACES)


def _read_cached(details: object) -> int:
    return _find_first_count(details, (*_CACHED, *_CACHED_APART)) if isinstance(details, Mapping) else 0


def _find_first_count(report: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return next((count for name in names if (count := _sum_tokens(report.get(name)))), 0)


def _sum_tokens(value: object) -> int:
    """A number of tokens: numbers, texts of numbers, or counts by kind, which are added up."""
    if isinstance(value, Mapping):
        return sum(_sum_tokens(part) for part in value.values())
    if isinstance(value, bool) or value is None:
        return 0
    try:
        return min(max(int(float(value)), 0), _MOST)  # type: ignore[arg-type]  # what has no float raises
    except (TypeError, ValueError, OverflowError):
        return 0
