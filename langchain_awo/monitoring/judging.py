"""What one use of a meta-tool was worth.

It saved the model calls that an agent without it would have made for what was *wanted*: those that recompiling puts back, see
`langchain_awo.optimizer.log.inline`, by the same function. What was not wanted was fetched in vain. A use that made no call cost a
model call.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from langchain_awo.ledger.tokens import text_tokens
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.trace.trace import ToolCallRecord
from langchain_awo.monitoring.observing import Observed
from langchain_awo.monitoring.usage import Use
from langchain_awo.optimizer.log.habits import Together
from langchain_awo.optimizer.log.inline import PutBack, put_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One use, judged.

    Attributes:
        model_calls: saved; below 0 if the use cost one.
        made: distinct calls that ran inside.
        wasted: of these, calls that nobody wanted, and `wasted_tokens` what they returned.
        told_tokens: what all of them returned.
    """

    use: Use
    model_calls: int
    made: int
    wasted: int
    wasted_tokens: int
    told_tokens: int


def judge(seen: Observed, meta_tools: AbstractSet[str], *, together: Together = frozenset()) -> list[Judged]:
    """Every use of a run, judged by what the agent did afterwards.

    Args:
        meta_tools: names of the meta-tools.
        together: tools that agents without them ask for at once.
    """
    if not seen.usage.uses:
        return []
    back = put_back(seen.trace, meta_tools, together=together)
    return [_judged(use, back) for use in seen.usage.uses]


def _judged(use: Use, back: PutBack) -> Judged:
    made = list({(call.name, dumps(call.args)): call for call in use.made}.values())
    ahead = use.way == "prefetched"  # a wait is saved, and no model call
    wasted = [] if ahead else [call for call in made if call.call_id not in back.wanted]
    costs_one = use.way == "called" and not made and not use.is_open
    saved = 0 if ahead or use.is_open else back.model_calls.get((use.meta_tool, use.key), 0)
    return Judged(
        use=use,
        model_calls=-1 if costs_one else saved,
        made=len(made),
        wasted=len(wasted),
        wasted_tokens=_tokens(wasted),
        told_tokens=_tokens(made),
    )


def _tokens(calls: Sequence[ToolCallRecord]) -> int:
    return round(sum(text_tokens(call.output) for call in calls))
