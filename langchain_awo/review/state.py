"""Everything the page shows, as plain data: made anew from the file after every decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from langchain_awo.model.ir.description import describe_fully
from langchain_awo.model.ir.metatool import Guard, MetaTool, Step, ToolkitPlan
from langchain_awo.model.ir.pointer import unescape
from langchain_awo.model.ir.reviewing import explain_withholding, get_standing, list_decidable, list_modes
from langchain_awo.model.ir.sameness import digest_routine
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.views.decision_text import encode_decision
from langchain_awo.model.views.notation import format_binding, format_guard, format_step
from langchain_awo.plan_file import PlanFile
from langchain_awo.reporting.embedding import make_data_visible
from langchain_awo.review.examples import Examples
from langchain_awo.review.words import (
    describe_binding,
    describe_effect,
    describe_saving,
    describe_step,
    guard_words,
)
from langchain_awo.review.worth import RUNS, Worth, estimate_worth, sum_worth


def review_state(file: PlanFile, examples: Mapping[str, Examples] | None = None) -> JSONValue:
    """What the page shows of a toolkit file; control characters in names and values are made visible.

    Args:
        file: as it is on disk now.
        examples: from traces, by `digest_routine` of the meta-tool; `None` if no traces were given.
    """
    plan = file.plan
    found = examples or {}
    return make_data_visible(
        {
            "file": file.where,
            "stamp": file.stamp,
            "problem": file.problem(),
            "runs": RUNS,
            "compiled_from": _describe_source(plan),
            "has_traces": examples is not None,
            "total": _count_total(plan),
            "meta_tools": [
                _encode_candidate(each, plan, found.get(digest_routine(each)))
                for each in list_decidable(plan)
            ],
        }
    )


def _count_total(plan: ToolkitPlan) -> dict[str, JSONValue]:
    installed = [each for each in plan.meta_tools if not explain_withholding(each)]
    waiting = [
        each for each in plan.meta_tools if explain_withholding(each) and get_standing(each) != "rejected"
    ]
    return {
        "all": len(list_decidable(plan)),
        "installed": len(installed),
        "waiting": len(waiting),
        "worth": _round_worth(sum_worth(plan)),
    }


def _describe_source(plan: ToolkitPlan) -> str:
    counts = [(plan.corpus.get(name), name) for name in ("traces", "tasks")]
    return ", ".join(f"{count:,} {name}" for count, name in counts if isinstance(count, int))


def _round_worth(worth: Worth) -> dict[str, JSONValue]:
    return {name: round(value, 1) for name, value in asdict(worth).items()}


def _encode_candidate(
    meta_tool: MetaTool, plan: ToolkitPlan, examples: Examples | None
) -> dict[str, JSONValue]:
    names = ", ".join(spec.name if spec.required else f"{spec.name}?" for spec in meta_tool.parameters)
    return {
        **encode_decision(meta_tool),
        "head": f"{meta_tool.name}({names})",
        "description": describe_fully(meta_tool),
        "effect_words": describe_effect(meta_tool.effect),
        "writes": not meta_tool.effect.is_read,
        "in_one": describe_saving(meta_tool),
        "mode_reason": meta_tool.mode_reason,
        "modes": list(list_modes(meta_tool)),
        "tools": list(meta_tool.tools),
        "parameters": [
            {"name": spec.name, "required": spec.required, "about": str(spec.schema.get("description", ""))}
            for spec in meta_tool.parameters
        ],
        "evidence": asdict(meta_tool.evidence),
        "worth": _round_worth(estimate_worth(meta_tool, plan)),
        "steps": [_encode_step(number, step) for number, step in enumerate(meta_tool.steps, start=1)],
        "counts": dict(examples.counts) if examples else {},
        "examples": [asdict(each) for each in examples.shown] if examples else [],
    }


def _encode_step(number: int, step: Step) -> dict[str, JSONValue]:
    return {
        "number": number,
        "tool": step.tool,
        "call": format_step(step),
        "words": describe_step(step),
        "reads": step.effect.is_read,
        "effect": str(step.effect),
        "guard": _encode_guard(step.guard, step) if step.guard else None,
        "arguments": [_encode_argument(name, step) for name in step.args],
    }


def _encode_guard(guard: Guard, step: Step) -> dict[str, JSONValue]:
    return {
        "text": format_guard(guard, step),
        "words": guard_words(guard, step),
        "otherwise": guard.otherwise,
        **asdict(guard.evidence),
    }


def _encode_argument(name: str, step: Step) -> dict[str, JSONValue]:
    seen = [each for place, each in step.evidence.items() if _get_argument(place) == name]
    return {
        "name": name,
        "binding": format_binding(step.args[name], step),
        "words": describe_binding(step.args[name], step),
        "agree": min((each.held_out_agree or each.agree for each in seen), default=0),
        "contradict": max((each.held_out_contradict + each.contradict for each in seen), default=0),
        "tied": sorted({place for each in seen for place in each.tied}),
    }


def _get_argument(pointer: str) -> str:
    return unescape(pointer.removeprefix("/").split("/", 1)[0])
