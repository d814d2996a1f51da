"""Which recorded calls a step accounts for, parameters given as the recorded agent would have given them."""

from __future__ import annotations

from dataclasses import replace

from langchain_awo.model.binding import Parameter, leaves, uses_item
from langchain_awo.model.metatool import Step
from langchain_awo.model.trace import JSONValue
from langchain_awo.optimizer.dataflow.unify import fit_args, solve_map
from langchain_awo.optimizer.log.corpus import Call, call_key
from langchain_awo.optimizer.mining.occurrences import Occurrence, advance, predicted


def explained_by(step: Step, each: Occurrence) -> dict[str, dict[str, JSONValue]]:
    """The calls a step would make in an occurrence, parameters given as the recorded agent would have."""
    sources = [step.over.source] if step.over else []
    if not any(
        isinstance(leaf, Parameter) for binding in [*sources, *step.args.values()] for leaf in leaves(binding)
    ):
        return predicted(step, each.frame)
    if step.over and not isinstance(step.over.source, Parameter):
        calls = (call for call in each.followers if call.tool == step.tool)
        found = solve_map(step, calls, each.frame, each.knows)
        return predicted(step, replace(each.frame, parameters=found)) if found is not None else {}
    fitting = [call for call in each.followers if call.tool == step.tool and _fits(step, call, each)]
    chosen = fitting if step.over else fitting[:1]
    return {call_key(call.tool, call.args): call.args for call in chosen}


def _fits(step: Step, call: Call, each: Occurrence) -> bool:
    if step.over:
        fixed = {name: b for name, b in step.args.items() if not uses_item(b)}
        opened = {name: value for name, value in call.args.items() if name not in fixed}
        kept = {name: value for name, value in call.args.items() if name in fixed}
        found = fit_args(replace(step, args=fixed), kept, each.frame)
        return (
            found is not None and opened.keys() <= step.args.keys() and all(map(each.knows, opened.values()))
        )
    found = fit_args(step, call.args, each.frame)
    return found is not None and all(map(each.knows, found.values()))


def advance_step(number: int, step: Step, each: Occurrence) -> None:
    """Takes a step as done, with the parameters that the recorded agent would have given it."""
    explained = explained_by(step, each)
    if step.over is None and step.guard:
        args = next((args for args in explained.values()), None)
        found = fit_args(step, args, each.frame) if args is not None else None
        each.frame.parameters = {**each.frame.parameters, **(found or {})}
    advance(number, step, each, explained)
