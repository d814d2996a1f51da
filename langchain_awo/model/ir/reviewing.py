"""Deciding about the meta-tools of a plan: each function gives a new plan, and none of them runs anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

from langchain_awo.errors import DecisionError
from langchain_awo.model.ir.binding import Parameter, list_leaves
from langchain_awo.model.ir.decision import Choice, HumanDecision, Verdict
from langchain_awo.model.ir.eager import select_eager_part
from langchain_awo.model.ir.metatool import MetaTool, Mode, Step, ToolkitPlan
from langchain_awo.model.ir.rewording import weigh_words
from langchain_awo.model.ir.sameness import digest_routine
from langchain_awo.model.ir.validation import check_plan
from langchain_awo.model.text.phrasing import find_nearest
from langchain_awo.model.trace.effect import Effect

Standing: TypeAlias = Literal["undecided", "accepted", "rejected", "changed"]
"""Where a meta-tool stands: `changed` was accepted when it did something else, and asks again."""

CHOSEN = "a person chose it"
"""The reason of a mode that a person set."""

UNASKED: frozenset[Mode] = frozenset({"continue", "prefetch"})
"""Modes that run the eager steps of a routine after its first call."""


def get_standing(meta_tool: MetaTool) -> Standing:
    """Where a meta-tool stands, by what it does now."""
    decision = meta_tool.decision
    if decision is None:
        return "undecided"
    if decision.verdict == "accepted" and decision.digest != digest_routine(meta_tool):
        return "changed"
    return decision.verdict


def explain_withholding(meta_tool: MetaTool, *, effect: Effect | None = None, believed: bool = True) -> str:
    """Why a meta-tool may not be installed before a person decides, or `""`; what only reads needs no acceptance.

    Args:
        effect: its effect class at run time, if that is another.
        believed: whether what its file says counts.
    """
    standing = get_standing(meta_tool)
    if standing == "rejected":
        return "a person rejected it" + _format_reason(meta_tool.decision)
    if (effect or meta_tool.effect).is_read or (standing == "accepted" and believed):
        return ""
    if standing == "changed":
        return "it writes, and what it does has changed since it was accepted"
    return "it writes and has not been accepted"


def find_meta_tool(plan: ToolkitPlan, name: str) -> MetaTool:
    """A meta-tool by its name, rejected or not.

    Raises:
        DecisionError: there is none of that name; the message has the nearest one.
    """
    by_name = {meta_tool.name: meta_tool for meta_tool in list_decidable(plan)}
    if name in by_name:
        return by_name[name]
    near = find_nearest(name, by_name)
    fix = f"did you mean {near!r}?" if near else f"it has {', '.join(sorted(by_name)) or 'none'}"
    raise DecisionError(f"the toolkit has no meta-tool {name!r}; {fix}")


def list_decidable(plan: ToolkitPlan) -> tuple[MetaTool, ...]:
    """Every meta-tool that can be decided about."""
    return (*plan.meta_tools, *plan.rejected)


def accept(plan: ToolkitPlan, *names: str, reason: str = "", by: str = "", at: str = "") -> ToolkitPlan:
    """Accepts meta-tools for what they do now; one that writes is installed from then on.

    Args:
        names: of meta-tools, rejected ones too.
        by: who accepts them; `at` is when, in ISO 8601.

    Raises:
        DecisionError: there is no such meta-tool.
    """
    return _record_verdict(plan, names, "accepted", reason=reason, by=by, at=at)


def reject(plan: ToolkitPlan, *names: str, reason: str = "", by: str = "", at: str = "") -> ToolkitPlan:
    """Rejects meta-tools: they are kept aside with the reason, never installed, and not compiled again.

    Raises:
        DecisionError: there is no such meta-tool.
    """
    return _record_verdict(plan, names, "rejected", reason=reason, by=by, at=at)


def undecide(plan: ToolkitPlan, *names: str) -> ToolkitPlan:
    """Takes decisions back; what was chosen of name, description and mode stays.

    Raises:
        DecisionError: there is no such meta-tool.
    """
    for name in names:
        plan = _move_to_group(plan, replace(find_meta_tool(plan, name), decision=None))
    return plan


def rename(plan: ToolkitPlan, name: str, new: str) -> ToolkitPlan:
    """Gives a meta-tool another name.

    Raises:
        DecisionError: there is no such meta-tool, or the name is taken or one that providers refuse.
    """
    return _change_meta_tool(plan, name, lambda meta_tool: _add_choice(replace(meta_tool, name=new), "name"))


def reword(plan: ToolkitPlan, name: str, description: str) -> ToolkitPlan:
    """Gives a meta-tool another description, which is what a model goes by.

    Raises:
        DecisionError: there is no such meta-tool, or the description is empty.
    """
    if not description.strip():
        raise DecisionError(
            f"the description of {name!r} is empty; say what it is for, since models choose tools by it"
        )
    words = description.strip()
    return _change_meta_tool(
        plan, name, lambda meta_tool: _add_choice(replace(meta_tool, description=words), "description")
    )


def set_mode(plan: ToolkitPlan, name: str, mode: Mode) -> ToolkitPlan:
    """Sets how a meta-tool is installed.

    Raises:
        DecisionError: there is no such meta-tool or mode, or it cannot be installed so.
    """
    if mode not in get_args(Mode):
        near = find_nearest(str(mode), get_args(Mode))
        fix = f"did you mean {near!r}?" if near else f"modes are {', '.join(get_args(Mode))}"
        raise DecisionError(f"there is no mode {mode!r}; {fix}")
    return _change_meta_tool(plan, name, lambda meta_tool: change_mode(meta_tool, mode))


def list_modes(meta_tool: MetaTool) -> tuple[Mode, ...]:
    """The modes that `set_mode` takes for a meta-tool."""
    return tuple(mode for mode in get_args(Mode) if not _explain_misfit(meta_tool, mode))


def ask_before(plan: ToolkitPlan, name: str, tools: Iterable[str]) -> ToolkitPlan:
    """Says which tools of a meta-tool a person is asked about before each call; those named before no longer count.

    Raises:
        DecisionError: there is no such meta-tool, or it calls no such tool.
    """
    asked_tools = set(tools)

    def marked(meta_tool: MetaTool) -> MetaTool:
        for tool in sorted(asked_tools - set(meta_tool.tools)):
            near = find_nearest(tool, meta_tool.tools)
            fix = f"did you mean {near!r}?" if near else f"it calls {', '.join(meta_tool.tools)}"
            raise DecisionError(f"{name!r} calls no tool {tool!r}; {fix}")
        return replace(meta_tool, approval=tuple(tool for tool in meta_tool.tools if tool in asked_tools))

    return _change_meta_tool(plan, name, marked)


def _record_verdict(
    plan: ToolkitPlan, names: Sequence[str], verdict: Verdict, *, reason: str, by: str, at: str
) -> ToolkitPlan:
    for name in names:
        meta_tool = find_meta_tool(plan, name)
        decision = HumanDecision(
            verdict=verdict, digest=digest_routine(meta_tool), reason=reason, by=by, at=at
        )
        plan = _move_to_group(plan, replace(meta_tool, decision=decision))
    return _ensure_valid(plan)


def _move_to_group(plan: ToolkitPlan, decided: MetaTool) -> ToolkitPlan:
    """The plan with a meta-tool where its decision puts it; it keeps its place if that is the same."""
    is_out = decided.decision is not None and decided.decision.verdict == "rejected"
    groups = [list(plan.meta_tools), list(plan.rejected)]
    for group, is_home in zip(groups, (not is_out, is_out), strict=True):
        at = next((i for i, meta_tool in enumerate(group) if meta_tool.name == decided.name), None)
        if at is None and is_home:
            group.append(decided)
        elif at is not None:
            group[at : at + 1] = [decided] if is_home else []
    return replace(plan, meta_tools=tuple(groups[0]), rejected=tuple(groups[1]))


def _change_meta_tool(plan: ToolkitPlan, name: str, change: Callable[[MetaTool], MetaTool]) -> ToolkitPlan:
    meta_tool = find_meta_tool(plan, name)
    changed = weigh_words(change(meta_tool), meta_tool, plan.corpus)
    meta_tools, rejected = (
        tuple(changed if member is meta_tool else member for member in group)
        for group in (plan.meta_tools, plan.rejected)
    )
    return _ensure_valid(replace(plan, meta_tools=meta_tools, rejected=rejected))


def _ensure_valid(plan: ToolkitPlan) -> ToolkitPlan:
    if problem := check_plan(plan):
        raise DecisionError(problem)
    return plan


def _add_choice(meta_tool: MetaTool, choice: Choice) -> MetaTool:
    return replace(meta_tool, chosen=tuple(sorted({*meta_tool.chosen, choice})))


def change_mode(meta_tool: MetaTool, mode: Mode) -> MetaTool:
    """A meta-tool in a mode that a person chose.

    Raises:
        DecisionError: it cannot be installed so.
    """
    if problem := _explain_misfit(meta_tool, mode):
        raise DecisionError(f"{meta_tool.name!r} cannot be installed in {mode} mode: {problem}")
    ready = _with_eager_steps(meta_tool) if mode in UNASKED else meta_tool
    return _add_choice(replace(ready, mode=mode, mode_reason=CHOSEN), "mode")


def _explain_misfit(meta_tool: MetaTool, mode: Mode) -> str:
    if mode == "entry" and not meta_tool.effect.is_read:
        return "it writes, and nothing that runs unasked at the start of a thread may write"
    if mode in UNASKED and select_eager_part(_with_eager_steps(meta_tool)) is None:
        return "no read after its first call can run without more input from the model"
    return ""


def _with_eager_steps(meta_tool: MetaTool) -> MetaTool:
    """The meta-tool with steps to run unasked: those it has, or every read that is bound to what exists by then."""
    if select_eager_part(meta_tool) is not None:
        return meta_tool
    kept, steps = {1}, [meta_tool.steps[0]]
    for number, step in enumerate(meta_tool.steps[1:], start=2):
        eager = step.effect.is_read and step.depends_on <= kept and not _asks(step)
        kept |= {number} if eager else set()
        steps.append(replace(step, eager=eager))
    return replace(meta_tool, steps=tuple(steps))


def _asks(step: Step) -> bool:
    return any(isinstance(leaf, Parameter) for binding in step.bindings for leaf in list_leaves(binding))


def _format_reason(decision: HumanDecision | None) -> str:
    return f": {decision.reason}" if decision and decision.reason else ""
