"""What one use of a meta-tool was worth.

It saved no more model calls than

* one use saved on average when it was compiled, and
* it made calls that were *wanted*, less the call of the meta-tool itself.

A call is wanted if something it returned, that nobody had read before, is in what the agent said or asked for afterwards,
or in the arguments of a wanted call of the same use. The first call of a use that the model asked for is wanted in any
case, and so are a call that failed and one that returned nothing to tell it by. A model call that afterwards only asks for
the same again was not saved. A use that made no call cost a model call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.encoding import decode, dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import ToolCallRecord
from langchain_awo.monitoring.observing import Observed
from langchain_awo.monitoring.usage import Use
from langchain_awo.optimizer.log.corpus import CHARACTERS_PER_TOKEN, Run
from langchain_awo.optimizer.selection.mentions import Sayings, sayings_of, words_of
from langchain_awo.optimizer.selection.output_liveness import is_used


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One use, judged.

    Attributes:
        model_calls: saved; below 0 if the use cost one.
        made: distinct calls that ran inside.
        wasted: of these, calls that nobody wanted, and `wasted_tokens` what they returned.
    """

    use: Use
    model_calls: float
    made: int
    wasted: int
    wasted_tokens: int


def judge(seen: Observed, meta_tools: Mapping[str, MetaTool], effects: Mapping[str, Effect]) -> list[Judged]:
    """Every use of a run, judged by what the agent did afterwards."""
    sayings = sayings_of(seen.run) if seen.usage.uses else None
    repeats = _repeats(seen, effects)
    return [
        _judged(use, seen.run, sayings, meta_tools[use.meta_tool], repeats.get(index, 0))
        for index, use in enumerate(seen.usage.uses)
        if sayings is not None
    ]


def _judged(use: Use, run: Run, sayings: Sayings, meta_tool: MetaTool, repeats: int) -> Judged:
    made = list({(call.name, dumps(call.args)): call for call in use.made}.values())
    wasted = _unwanted(use, made, run, sayings)
    limit = len(made) - len(wasted) - (use.way == "called")
    saves_none = use.is_open or use.way == "prefetched"  # a wait is saved, and no model call
    usual = meta_tool.evidence.calls_saved if meta_tool.evidence.occurrences else limit
    return Judged(
        use=use,
        model_calls=0.0 if saves_none else min(usual, limit) - repeats,
        made=len(made),
        wasted=len(wasted),
        wasted_tokens=sum(len(_text(call.output)) for call in wasted) // CHARACTERS_PER_TOKEN,
    )


def _unwanted(use: Use, made: Sequence[ToolCallRecord], run: Run, sayings: Sayings) -> list[ToolCallRecord]:
    start, end = _place(use, run)
    later = sayings.after(end)
    asked = made[:1] if use.way == "called" else []
    unwanted = []
    for call in reversed(made):
        if call in asked or call.status != "ok" or _is_wanted(call, run, start, later):
            later += f" {' '.join(words_of(dumps(call.args)))} "
        else:
            unwanted.append(call)
    return unwanted


def _is_wanted(call: ToolCallRecord, run: Run, start: int, later: str) -> bool:
    return is_used(decode(call.output), call.args, run, before=start, later=later)


def _place(use: Use, run: Run) -> tuple[int, int]:
    """Positions in the run's text before and after the call that a use follows."""
    rounds = (current for segment in run.segments for current in segment.rounds)
    found = next((current for current in rounds if current.index == use.issued_by), None)
    return (found.start, found.end) if found else (0, 0)


def _repeats(seen: Observed, effects: Mapping[str, Effect]) -> dict[int, int]:
    """How many later model calls only asked again for what a use had made, by index of the use; none past a write."""
    holds: dict[str, int] = {}
    found: dict[int, int] = defaultdict(int)
    used = defaultdict(list)
    for index, use in enumerate(seen.usage.uses):
        used[-1 if use.issued_by is None else use.issued_by].append((index, use))
    for position in range(-1, len(seen.trace.model_calls)):
        calls = [] if position < 0 else list(seen.trace.tool_calls_of(position))
        keys = [call_key(call.name, call.args) for call in calls]
        if keys and all(key in holds for key in keys):
            found[max(holds[key] for key in keys)] += 1
        if _any_write(calls, effects):
            holds.clear()
        for index, use in used.get(position, ()):
            if _any_write(use.made, effects):
                holds.clear()
            holds |= {call_key(each.name, each.args): index for each in use.made if each.status == "ok"}
    return found


def _any_write(calls: Iterable[ToolCallRecord], effects: Mapping[str, Effect]) -> bool:
    return any(not effects.get(call.name, Effect.UNKNOWN).is_read for call in calls)


def _text(output: JSONValue) -> str:
    return output if isinstance(output, str) else dumps(output)
