"""Everything the page shows, as plain data: made anew from the file after every decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from langchain_awo.model.ir.description import full_description
from langchain_awo.model.ir.metatool import Guard, MetaTool, Step, ToolkitPlan
from langchain_awo.model.ir.pointer import unescape
from langchain_awo.model.ir.reviewing import all_of, modes_for, standing_of, withheld
from langchain_awo.model.ir.sameness import routine_digest
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.views.decision_text import decision_json
from langchain_awo.model.views.notation import format_binding, format_guard, format_step
from langchain_awo.plan_file import PlanFile
from langchain_awo.reporting.embedding import shown
from langchain_awo.review.examples import Examples
from langchain_awo.review.words import binding_words, effect_words, guard_words, returned_words, step_words
from langchain_awo.review.worth import RUNS, Worth, total_worth, worth_of


def review_state(file: PlanFile, examples: Mapping[str, Examples] | None = None) -> JSONValue:
    """What the page shows of a toolkit file; control characters in names and values are made visible.

    Args:
        file: as it is on disk now.
        examples: from traces, by `routine_digest` of the meta-tool; `None` if no traces were given.
    """
    plan = file.plan
    found = examples or {}
    return shown(
        {
            "file": file.where,
            "stamp": file.stamp,
            "problem": file.problem(),
            "runs": RUNS,
            "compiled_from": _compiled_from(plan),
            "has_traces": examples is not None,
            "total": _total(plan),
            "meta_tools": [_candidate(each, plan, found.get(routine_digest(each))) for each in all_of(plan)],
        }
    )


def _total(plan: ToolkitPlan) -> dict[str, JSONValue]:
    installed = [each for each in plan.meta_tools if not withheld(each)]
    waiting = [each for each in plan.meta_tools if withheld(each) and standing_of(each) != "rejected"]
    return {
        "all": len(all_of(plan)),
        "installed": len(installed),
        "waiting": len(waiting),
        "worth": _worth(total_worth(plan)),
    }


def _compiled_from(plan: ToolkitPlan) -> str:
    counts = [(plan.corpus.get(name), name) for name in ("traces", "tasks")]
    return ", ".join(f"{count:,} {name}" for count, name in counts if isinstance(count, int))


def _worth(worth: Worth) -> dict[str, JSONValue]:
    return {name: round(value, 1) for name, value in asdict(worth).items()}


def _candidate(meta_tool: MetaTool, plan: ToolkitPlan, examples: Examples | None) -> dict[str, JSONValue]:
    names = ", ".join(spec.name if spec.required else f"{spec.name}?" for spec in meta_tool.parameters)
    return {
        **decision_json(meta_tool),
        "head": f"{meta_tool.name}({names})",
        "description": full_description(meta_tool),
        "effect_words": effect_words(meta_tool.effect),
        "writes": not meta_tool.effect.is_read,
        "in_one": returned_words(meta_tool),
        "mode_reason": meta_tool.mode_reason,
        "modes": list(modes_for(meta_tool)),
        "tools": list(meta_tool.tools),
        "parameters": [
            {"name": spec.name, "required": spec.required, "about": str(spec.schema.get("description", ""))}
            for spec in meta_tool.parameters
        ],
        "evidence": asdict(meta_tool.evidence),
        "worth": _worth(worth_of(meta_tool, plan)),
        "steps": [_step(number, step) for number, step in enumerate(meta_tool.steps, start=1)],
        "counts": dict(examples.counts) if examples else {},
        "examples": [asdict(each) for each in examples.shown] if examples else [],
    }


def _step(number: int, step: Step) -> dict[str, JSONValue]:
    return {
        "number": number,
        "tool": step.tool,
        "call": format_step(step),
        "words": step_words(step),
        "reads": step.effect.is_read,
        "effect": str(step.effect),
        "guard": _guard(step.guard, step) if step.guard else None,
        "arguments": [_argument(name, step) for name in step.args],
    }


def _guard(guard: Guard, step: Step) -> dict[str, JSONValue]:
    return {
        "text": format_guard(guard, step),
        "words": guard_words(guard, step),
        "otherwise": guard.otherwise,
        **asdict(guard.evidence),
    }


def _argument(name: str, step: Step) -> dict[str, JSONValue]:
    seen = [each for place, each in step.evidence.items() if _argument_of(place) == name]
    return {
        "name": name,
        "binding": format_binding(step.args[name], step),
        "words": binding_words(step.args[name], step),
        "agree": min((each.held_out_agree or each.agree for each in seen), default=0),
        "contradict": max((each.held_out_contradict + each.contradict for each in seen), default=0),
        "tied": sorted({place for each in seen for place in each.tied}),
    }


def _argument_of(pointer: str) -> str:
    return unescape(pointer.removeprefix("/").split("/", 1)[0])
