"""Why candidates are not compiled: tools that no routine may call, and routines that add too little to those that were chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from langchain_awo.model.ir.metatool import MetaTool, Refused
from langchain_awo.model.text.phrasing import join_words
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.log.commands import REASON
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.verify import list_tools
from langchain_awo.optimizer.selection.select import LeftOut


def refuse_off_limits(
    corpus: Corpus, protected: AbstractSet[str], commands: AbstractSet[str]
) -> Iterator[Refused]:
    """The tools that no routine may call, by what the user says or by what they do.

    Args:
        protected: tools that the user keeps out.
        commands: tools that steer the agent itself.
    """
    called = Counter(
        call.tool for _, segment in corpus.segments() for current in segment.rounds for call in current.calls
    )
    for tool, effect in corpus.effects.items():
        if tool in commands:
            code, reason = "command", REASON
        elif tool in protected:
            code, reason = "protected", "the tool is protected, so only the agent calls it"
        elif effect is Effect.DESTRUCTIVE:
            code, reason = "destructive", "the tool is destructive; to allow it, declare another effect"
        else:
            continue
        yield Refused(routine=(tool,), code=code, reason=reason, occurrences=called[tool])


def refuse_not_worth_it(left_out: Sequence[LeftOut], kept: Sequence[MetaTool]) -> Iterator[Refused]:
    """The candidates that add too little, each with the meta-tool that covers it if there is one.

    Args:
        kept: the meta-tools that were chosen, named, in the order in which they were chosen.
    """
    have = {_summarize_shape(meta_tool) for meta_tool in kept}
    for candidate in left_out:
        if _summarize_shape(candidate.meta_tool) in have:
            continue
        covering = None if candidate.loses else _find_covering(candidate, kept)
        yield Refused(
            routine=list_tools(candidate.meta_tool),
            code="no_gain",
            reason=_explain_refusal(candidate, covering),
            occurrences=candidate.meta_tool.evidence.occurrences,
            nearness=round(min(1.0, max(0.0, candidate.added / candidate.least)), 4)
            if candidate.least > 0
            else 0.0,
            covered_by=covering.name if covering else "",
        )


def _summarize_shape(meta_tool: MetaTool) -> tuple[tuple[str, bool], ...]:
    return tuple((step.tool, bool(step.over)) for step in meta_tool.steps)


def _find_covering(candidate: LeftOut, kept: Sequence[MetaTool]) -> MetaTool | None:
    """The chosen meta-tool that leaves a candidate too little: the one it became, or the one that shares most tools with it."""
    if candidate.chosen >= 0:
        return kept[candidate.chosen]
    tools = set(candidate.meta_tool.tools)
    sharing = [meta_tool for meta_tool in kept if len(tools & set(meta_tool.tools)) > 1]
    if not sharing or candidate.alone < candidate.least:
        return None
    return max(sharing, key=lambda meta_tool: (len(tools & set(meta_tool.tools)), meta_tool.name))


def _explain_refusal(candidate: LeftOut, covering: MetaTool | None) -> str:
    if candidate.loses:
        return candidate.loses
    if candidate.unwanted_writes:
        places = f"in {candidate.unwanted_writes:,} places of these traces"
        return f"{places} it would make a write that the agents did not make"
    if candidate.is_full and candidate.added >= candidate.least:
        return (
            f"it would save {candidate.added:,.1f} model calls, but the budget is used up; raise --max-tools"
        )
    least = f"at least {candidate.least:,.1f} are needed to pay for its review and its schema"
    if covering is None:
        return f"it adds {max(0.0, candidate.added):,.1f} saved model calls in these traces; {least}"
    beyond = [tool for tool in candidate.meta_tool.tools if tool not in covering.tools]
    but = f" but for {join_words(beyond)}" if beyond else ""
    return f"{covering.name} covers it{but}; it would add {max(0.0, candidate.added):,.1f} saved model calls; {least}"
