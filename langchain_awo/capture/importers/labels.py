"""How runs turned out: from the scores that came with them, from a field, or from a function.

Readers put scores under `scores` in the metadata of a trace; everything else that a record says stands beside it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from langchain_awo.errors import ImportFormatError
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

SCORES: Final = "scores"
"""Key in a trace's metadata under which its scores stand, by name."""

_OUTCOMES: Final = ("correct", "success", "pass", "reward", "resolved", "solved", "match", "accuracy")
"""A score whose name has one of these says how the run turned out; that a run is not toxic does not."""

SuccessFrom: TypeAlias = str | Callable[[Trace], bool | None]
"""What says whether a run succeeded: the name of a score or field, `name>=number`, or a function of the trace."""

_RULE: Final = re.compile(r"(?P<key>.+?)\s*(?P<sign>>=|<=|==|>|<)\s*(?P<limit>[^<>=]+)\Z", re.DOTALL)
_SIGNS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_YES: Final = frozenset(
    {"true", "yes", "y", "1", "1.0", "pass", "passed", "success", "succeeded", "correct", "c", "good", "ok"}
)
_NO: Final = frozenset(
    {"false", "no", "n", "0", "0.0", "fail", "failed", "failure", "error", "incorrect", "i", "bad"}
)


@dataclass(frozen=True, slots=True)
class Labeller:
    """Gives traces their outcome.

    Args:
        source: what says it; `None` for the only score that is a yes or a no and is named after an outcome.

    Raises:
        ImportFormatError: (when it is made) the limit of a comparison is no number.
    """

    source: SuccessFrom | None = None

    def __post_init__(self) -> None:
        if isinstance(self.source, str):
            _parse_rule(self.source)

    def apply(self, trace: Trace) -> Trace:
        """The trace with its outcome; one that it has stays unless something else was asked for."""
        if self.source is None:
            success = (
                trace.success if trace.success is not None else _find_only_verdict(trace.metadata.get(SCORES))
            )
        elif isinstance(self.source, str):
            key, sign, limit = _parse_rule(self.source)
            success = _judge_value(_look_up_value(trace, key), sign, limit)
        else:
            said = self.source(trace)
            success = None if said is None else bool(said)
        return trace if success is trace.success else replace(trace, success=success)


def read_scores(given: Iterable[tuple[Any, JSONValue]]) -> dict[str, JSONValue]:
    """Scores by name; of several with one name the mean if they are numbers, else the last."""
    found: dict[str, list[JSONValue]] = {}
    for name, value in given:
        if isinstance(value, bool | int | float | str) and isinstance(name, str):
            found.setdefault(name, []).append(value)
    return {name: _combine_scores(values) for name, values in sorted(found.items())}


def verdict_of(value: JSONValue) -> bool | None:
    """Whether a score says yes or no; `None` when it is something between, or something else.

    >>> verdict_of(1.0), verdict_of("incorrect"), verdict_of(0.7)
    (True, False, None)
    """
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, int | float | str) else ""
    return True if word in _YES else False if word in _NO else None


def _combine_scores(values: list[JSONValue]) -> JSONValue:
    if len(values) > 1 and all(isinstance(value, int | float) for value in values):
        return sum(values) / len(values)
    return values[-1]


def _find_only_verdict(scores: JSONValue) -> bool | None:
    if not isinstance(scores, Mapping):
        return None
    named = {name: value for name, value in scores.items() if any(word in name.lower() for word in _OUTCOMES)}
    verdicts = [verdict for value in named.values() if (verdict := verdict_of(value)) is not None]
    return verdicts[0] if len(verdicts) == 1 else None


def _parse_rule(text: str) -> tuple[str, str, float | str]:
    matched = _RULE.match(text)
    if matched is None:
        return text, "", ""
    limit = matched["limit"].strip()
    try:
        return matched["key"], matched["sign"], float(limit)
    except ValueError:
        if matched["sign"] == "==":
            return matched["key"], "==", limit.strip("'\"")
        raise ImportFormatError(
            f"{text!r} compares with {limit!r}, which is not a number; write it as score>=0.5"
        ) from None


def _look_up_value(trace: Trace, key: str) -> JSONValue:
    """A score, else a field of the metadata, else one inside of it by dots."""
    for holder in (trace.metadata.get(SCORES), trace.metadata):
        if isinstance(holder, Mapping) and key in holder:
            return holder[key]
    value: JSONValue = trace.metadata
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _judge_value(value: JSONValue, sign: str, limit: float | str) -> bool | None:
    if value is None:
        return None
    if not sign:
        return verdict_of(value)
    if isinstance(limit, str):
        return str(value) == limit
    try:
        return _SIGNS[sign](float(value), limit)
    except (ValueError, TypeError):
        return None
