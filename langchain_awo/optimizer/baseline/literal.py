"""The paper's method to the letter, as the honest baseline of every measurement.

Horizontal merging by rules, vertical merging by Algorithm 1, then a first version of binding. A destructive or protected
step ends a routine. If there are more routines than the budget allows, those whose occurrences span the most model calls
beyond the first of each are kept: the paper has no budget, and this is the account everything is measured by.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from langchain_awo.errors import CompileError
from langchain_awo.model.ir.canonical import CanonicalCall, CanonicalRoutine
from langchain_awo.model.ir.metatool import MetaTool, Refused
from langchain_awo.model.rules import RuleSet
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.baseline.binding import Bindings, bind
from langchain_awo.optimizer.baseline.extract import Algorithm1, extract
from langchain_awo.optimizer.baseline.merge import Decisions, build_counted_graph, count_decisions
from langchain_awo.optimizer.baseline.windows import Window, find_windows
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.rules.check import check_rules
from langchain_awo.optimizer.rules.path import Path
from langchain_awo.optimizer.rules.prepare import build_paths

DEFAULT_SHARE: Final = 0.02
"""T is this share of the runs unless it is given: the routine of one run in fifty is worth a tool."""

LEAST_THRESHOLD: Final = 3
"""T is never below this by default: two executions alike are a coincidence."""

MIN_TASKS: Final = 2
"""A routine that one task alone shows does not tell its constants from its parameters."""

Code: TypeAlias = Literal[
    "destructive", "protected", "one_model_call", "failed_runs", "one_task", "budget", "threshold"
]


def default_threshold(runs: int) -> int:
    """The T that is used when none is given.

    >>> default_threshold(1000), default_threshold(10)
    (20, 3)
    """
    return max(LEAST_THRESHOLD, round(DEFAULT_SHARE * runs))


def compile_literal(
    corpus: Corpus,
    *,
    rules: RuleSet | None = None,
    threshold: int | None = None,
    max_tools: int = 10,
    options: Algorithm1 | None = None,
    history: int | None = None,
    bindings: Bindings = "exact",
    allow_destructive: bool = False,
    protected: Container[str] = (),
) -> tuple[list[MetaTool], list[Refused]]:
    """Compiles a corpus by the paper's method.

    Args:
        corpus: the runs to mine.
        rules: merging rules, the safe defaults if not given.
        threshold: the paper's T, in executions; `default_threshold` of the runs if not given.
        max_tools: budget of meta-tools.
        options: what the paper leaves open.
        history: pools states by so many recent calls instead of the full history.
        bindings: `exact` binds what all traces agree on literally, `consensus` what nearly all agree on.
        allow_destructive: routines go on through destructive steps.
        protected: tools that no routine may call.

    Returns:
        The meta-tools, the most useful on these runs first, and everything that was refused with its reason.

    Raises:
        RuleError: a rule is malformed or unsound for this corpus.
        CompileError: the threshold or the budget is below 1.
    """
    if max_tools < 1:
        raise CompileError(f"max_tools must be at least 1, not {max_tools}")
    threshold = default_threshold(len(corpus.runs)) if threshold is None else threshold
    paths = build_paths(corpus, check_rules(rules, corpus))
    decisions = count_decisions(paths, history=history)
    found = extract(build_counted_graph(decisions, threshold=threshold), threshold=threshold, options=options)
    judged = _Judged(corpus, paths, allow_destructive=allow_destructive, protected=protected)
    for candidate in found:
        judged.consider(candidate)
    ranked = sorted(judged.kept, key=lambda each: -each.saved)  # stable: ties as the algorithm found them
    kept = ranked[:max_tools]
    refused = [
        *_refuse_infrequent(threshold, decisions),
        *judged.refused,
        *(_refuse_over_budget(each, max_tools) for each in ranked[max_tools:]),
    ]
    named = _with_names([bind(each.routine, each.windows, corpus, bindings=bindings) for each in kept])
    return named, refused


def _refuse_infrequent(threshold: int, decisions: Decisions) -> list[Refused]:
    """Why nothing was found, if no decision was made often enough."""
    if not decisions.weights:
        return []
    (_, _, call), weight = decisions.weights.most_common(1)[0]
    if weight >= threshold:
        return []
    reason = (
        f"the most frequent decision was made {weight} times, fewer than T = {threshold}; lower the threshold"
    )
    return [Refused(routine=(call.label,), code="threshold", reason=reason, occurrences=weight)]


@dataclass(frozen=True, slots=True)
class _Kept:
    routine: tuple[CanonicalCall, ...]
    windows: list[Window]

    @property
    def saved(self) -> int:
        """Model calls that its occurrences would have saved."""
        return sum(window.model_calls - 1 for window in self.windows)


class _Judged:
    """Candidates that can become meta-tools, and the others with the reason."""

    def __init__(
        self, corpus: Corpus, paths: Sequence[Path], *, allow_destructive: bool, protected: Container[str]
    ) -> None:
        self.kept: list[_Kept] = []
        self.refused: list[Refused] = []
        self._corpus = corpus
        self._paths = paths
        self._allow_destructive = allow_destructive
        self._protected = protected
        self._known: set[tuple[CanonicalCall, ...]] = set()

    def consider(self, candidate: CanonicalRoutine) -> None:
        routine = candidate.calls
        for length, call in enumerate(routine):
            if barrier := self._barrier(call):
                code, reason = barrier
                self._refuse(routine, code, reason, candidate.support)
                routine = routine[:length]
                break
        if len(routine) > 1 and routine not in self._known:
            self._known.add(routine)
            self._judge(routine)

    def _barrier(self, call: CanonicalCall) -> tuple[Code, str] | None:
        if call.tool in self._protected:
            return "protected", f"{call.label} is protected; the routine ends before it"
        if not self._allow_destructive and self._corpus.effects.get(call.tool) is Effect.DESTRUCTIVE:
            return "destructive", f"{call.label} is destructive; the routine ends before it unless allowed"
        return None

    def _judge(self, routine: tuple[CanonicalCall, ...]) -> None:
        windows = find_windows(self._paths, routine)
        code, reason = _find_objection(windows)
        if code:
            self._refuse(routine, code, reason, len(windows))
        else:
            self.kept.append(_Kept(routine, windows))

    def _refuse(self, routine: Iterable[CanonicalCall], code: Code, reason: str, occurrences: int) -> None:
        labels = tuple(call.label for call in routine)
        self.refused.append(Refused(routine=labels, code=code, reason=reason, occurrences=occurrences))


def _find_objection(windows: Sequence[Window]) -> tuple[Code | Literal[""], str]:
    tasks = {window.run.task for window in windows}
    if windows and all(window.run.success is False for window in windows):
        return "failed_runs", "it occurs only in runs that failed"
    if len(tasks) < MIN_TASKS:
        return "one_task", "a single task does not show which values are constant and which are parameters"
    spread = sum(window.model_calls > 1 for window in windows)
    if 2 * spread < len(windows):
        return "one_model_call", "usually one model call already issues all of it, so nothing would be saved"
    return "", ""


def _refuse_over_budget(kept: _Kept, max_tools: int) -> Refused:
    return Refused(
        routine=tuple(call.label for call in kept.routine),
        code="budget",
        reason=f"other routines save more and fill the budget; max_tools is {max_tools}",
        occurrences=len(kept.windows),
    )


def _with_names(meta_tools: Iterable[MetaTool]) -> list[MetaTool]:
    """Each meta-tool with a name of its own, made of its tools' names."""
    named: list[MetaTool] = []
    for each in meta_tools:
        taken = {other.name for other in named}
        name = next(name for name in _generate_names(each) if name not in taken)
        named.append(replace(each, name=name))
    return named


def _generate_names(meta_tool: MetaTool) -> Iterator[str]:
    plain = "_then_".join(step.tool for step in meta_tool.steps)
    base = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in plain)[:MAX_NAME]
    yield base
    number = 2
    while True:
        yield f"{base[: MAX_NAME - 4]}_{number}"
        number += 1


MAX_NAME: Final = 64
"""Characters that all providers accept in a tool's name."""
