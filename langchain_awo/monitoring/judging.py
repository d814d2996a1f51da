"""What one use of a meta-tool was worth.

It saved the model calls that an agent without it would have made for what was *wanted*: those that recompiling puts back, see
`langchain_awo.optimizer.log.inline`, by the same function. What was not wanted was fetched in vain. A use that made no call cost a
model call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from langchain_awo.ledger.tokens import estimate_text_tokens, estimate_told_tokens
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.trace.handback import ToldCall
from langchain_awo.model.trace.trace import ToolCallRecord
from langchain_awo.monitoring.observing import Observed
from langchain_awo.monitoring.usage import Use
from langchain_awo.optimizer.log.echo import Rounds
from langchain_awo.optimizer.log.habits import Together
from langchain_awo.optimizer.log.inline import put_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One use, judged.

    Attributes:
        model_calls: saved; below 0 if the use cost one.
        made: distinct calls that ran inside.
        wasted: of these, calls that nobody wanted, and `wasted_tokens` what they returned.
        text: tokens of what it told the agent that was wanted, less what stands there without it too.
        asked_for: tokens of the results that stand there without it too.
        said: of each model call that it saved, the tokens of the calls that it would have asked for.
        results: the tokens that their results would have taken.
        asked: how many calls each of them would have asked for.
        most: the same if every call was wanted: whether a result was used shows only in what the agent said or asked for afterwards.
    """

    use: Use
    model_calls: int
    made: int
    wasted: int
    wasted_tokens: int
    text: float = 0.0
    asked_for: float = 0.0
    said: tuple[float, ...] = ()
    results: tuple[float, ...] = ()
    asked: tuple[int, ...] = ()
    most: Judged | None = None


def judge(
    seen: Observed, meta_tools: Mapping[str, MetaTool], *, together: Together = frozenset()
) -> list[Judged]:
    """Every use of a run, judged by what the agent did afterwards.

    Args:
        meta_tools: by name.
        together: tools that agents without them ask for at once.
    """
    if not seen.usage.uses:
        return []
    back = put_back(seen.trace, meta_tools.keys(), together=together)
    everything = {call.call_id for use in seen.usage.uses for call in use.made}
    return [
        replace(
            _judge_use(use, back.rounds, back.wanted, meta_tools[use.meta_tool]),
            most=_judge_use(use, back.most, everything, meta_tools[use.meta_tool]),
        )
        for use in seen.usage.uses
    ]


def _judge_use(use: Use, put_in: Rounds, wanted: AbstractSet[str], meta_tool: MetaTool) -> Judged:
    """One use, given the rounds that were put in for it and the calls that were wanted."""
    made = _list_distinct(use)
    ahead = use.way == "prefetched"  # a wait is saved, and no model call
    wasted = [] if ahead else [call for call in made if call.call_id not in wanted]
    costs_one = use.way == "called" and not made and not use.is_open
    rounds = [] if ahead or use.is_open else _in_order(put_in.get((use.meta_tool, use.key), ()))
    saved = {call.call_id for each in rounds for call in each}
    wasted_tokens = round(_estimate_tokens(wasted))
    asked_for = _estimate_tokens(call for call in made if call not in wasted and call.call_id not in saved)
    return Judged(
        use=use,
        model_calls=-1 if costs_one else len(rounds),
        made=len(made),
        wasted=len(wasted),
        wasted_tokens=wasted_tokens,
        text=0.0 if ahead or costs_one else estimate_told(use, meta_tool) - wasted_tokens - asked_for,
        asked_for=0.0 if ahead else asked_for,
        said=tuple(sum(estimate_text_tokens({call.name: call.args}) for call in each) for each in rounds),
        results=tuple(map(_estimate_tokens, rounds)),
        asked=tuple(map(len, rounds)),
    )


def _estimate_tokens(calls: Iterable[ToolCallRecord]) -> float:
    return sum(estimate_text_tokens(call.output) for call in calls)


def estimate_told(use: Use, meta_tool: MetaTool) -> float:
    """What stands in the context of a use, in tokens."""
    steps = [(call.replay.step if call.replay else 1, call) for call in _list_distinct(use)]
    told = [
        ToldCall(step=number, tool=call.name, args=call.args, output=call.output)
        for number, call in sorted(steps, key=itemgetter(0))
        if 0 < number <= len(meta_tool.steps)
    ]
    return estimate_told_tokens(meta_tool, told, below=use.way == "continued")


def _in_order(rounds: Iterable[Sequence[ToolCallRecord]]) -> list[Sequence[ToolCallRecord]]:
    """Calls of one step that ran side by side were recorded in any order, and a sum over growing prompts depends on it."""
    steps = groupby(rounds, key=lambda calls: calls[0].name)
    return [each for _, step in steps for each in sorted(step, key=lambda calls: dumps(calls[0].args))]


def _list_distinct(use: Use) -> list[ToolCallRecord]:
    return list({(call.name, dumps(call.args)): call for call in use.made}.values())
