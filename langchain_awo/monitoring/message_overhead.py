"""How much longer a prompt becomes with a tool call than the call and its result are: role, ids and separators, as the provider counts them.

No provider says it, but prompts do: from a model call that asks for tools to the next one of the same agent, a prompt grows by what was
said, what was returned, and what stands around both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

from langchain_awo.ledger.tokens import estimate_text_tokens
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.judging import estimate_told
from langchain_awo.monitoring.usage import Usage


def measure_overhead(usage: Usage, meta_tools: Mapping[str, MetaTool]) -> Iterator[float]:
    """Tokens around one tool call and its result, of each model call of a run whose prompt and whose next prompt tell it.

    They do not where a user spoke in between, or where the tools that were shown are others.
    """
    calls, spoken = usage.trace.model_calls, {message.before for message in usage.trace.messages}
    asked = Counter(call.model_call for call in usage.trace.tool_calls)
    known = _estimate_results(usage, meta_tools)
    for index, following in _follow_scopes(usage.trace):
        one, next_one = calls[index], calls[following]
        heard = any(index < place <= following for place in spoken)
        if not asked[index] or heard or one.offered != next_one.offered or not (one.usage and next_one.usage):
            continue
        grown = next_one.usage.input_tokens - one.usage.input_tokens - one.usage.output_tokens
        yield max(0.0, grown - known[index]) / asked[index]


def _follow_scopes(trace: Trace) -> Iterator[tuple[int, int]]:
    """Each model call and the next one of the same agent."""
    scopes: dict[str, list[int]] = defaultdict(list)
    for index, call in enumerate(trace.model_calls):
        scopes[call.scope].append(index)
    for chain in scopes.values():
        yield from pairwise(chain)


def _estimate_results(usage: Usage, meta_tools: Mapping[str, MetaTool]) -> Counter[int | None]:
    """Behind each model call, tokens of all results, and of what was told below them."""
    known: Counter[int | None] = Counter()
    for call in usage.trace.tool_calls:
        known[call.model_call] += estimate_text_tokens(call.output)  # type: ignore[assignment]  # counters hold weights here
    for use in usage.uses:
        if use.way == "continued":
            known[use.issued_by] += estimate_told(use, meta_tools[use.meta_tool])  # type: ignore[assignment]
    return known
