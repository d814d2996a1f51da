"""New traces and the toolkit they were recorded with, or without: a new toolkit, and what changed and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from langchain_awo.errors import CompileError
from langchain_awo.model.ir.metatool import Evidence, MetaTool, ToolkitPlan
from langchain_awo.model.ir.reviewing import list_decidable
from langchain_awo.model.ir.schema import get_adapter
from langchain_awo.model.rules import RuleSet
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.visible import make_visible_line
from langchain_awo.model.trace.trace import ToolSpec, Trace
from langchain_awo.model.views.difference import Changed, Difference, compare_plans
from langchain_awo.model.views.difference_text import format_difference
from langchain_awo.optimizer.counting.sample import WHOLE, Bounds
from langchain_awo.optimizer.counting.summary import Summary, summarize
from langchain_awo.optimizer.log.echo import Echo
from langchain_awo.optimizer.log.habits import read_together
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.mining.verify import list_tools
from langchain_awo.optimizer.pipeline import Options, Progress, compile_summary
from langchain_awo.optimizer.recompile.decisions import Carried, carry_over
from langchain_awo.optimizer.recompile.previous import RETIRED
from langchain_awo.optimizer.settings import restore_options


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A former meta-tool that is in the new toolkit no more.

    Attributes:
        reason: one sentence for a person.
    """

    meta_tool: MetaTool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recompilation:
    """A new toolkit, and what changed from the old one.

    Attributes:
        plan: the new toolkit.
        difference: all that changed, as `awo diff` shows it.
        kept: the meta-tools that do what they did and are shown as they were; they may have other evidence.
        retired: those that are gone.
        echo: what in the traces that were looked at counted as if a model had asked for it, because meta-tools did it.
        decisions: what became of what people decided.
    """

    plan: ToolkitPlan
    former: ToolkitPlan
    difference: Difference
    kept: tuple[MetaTool, ...]
    retired: tuple[Retired, ...]
    echo: Echo
    decisions: Carried = field(default_factory=Carried)

    @property
    def is_same(self) -> bool:
        """Whether both toolkits do the same and are shown the same."""
        return self.difference.is_same

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data, as the command line prints it."""
        return {
            "same": self.is_same,
            "kept": [{"name": each.name, "evidence": _dump_evidence(each)} for each in self.kept],
            "changed": [
                get_adapter(Changed).dump_python(each, mode="json") for each in self.difference.changed
            ],
            "new": [{"name": each.name, "evidence": _dump_evidence(each)} for each in self.difference.added],
            "retired": [
                {
                    "name": each.meta_tool.name,
                    "reason": each.reason,
                    "evidence": _dump_evidence(each.meta_tool),
                }
                for each in self.retired
            ],
            "difference": get_adapter(Difference).dump_python(self.difference, mode="json"),
            "echo": get_adapter(Echo).dump_python(self.echo, mode="json"),
            "decisions": self.decisions.as_json(),
        }

    def __str__(self) -> str:
        changes = replace(self.difference, evidence_only=())
        parts = [
            "\n".join(_format_summary(self)),
            str(self.decisions),
            "" if self.is_same else format_difference(changes),
        ]
        return "\n\n".join(part for part in parts if part)


def recompile_plan(
    traces: Iterable[Trace],
    former: ToolkitPlan,
    *,
    options: Options | None = None,
    tools: Sequence[ToolSpec] = (),
    progress: Progress | None = None,
) -> Recompilation:
    """Compiles new traces, keeping of the former plan what still holds and the names of what means the same.

    As in compiling, of a large log all is counted and a bounded sample is looked at closely.

    Args:
        former: the plan in use; calls of its meta-tools in the traces count as their steps.
        options: as those of the former plan if not given.
        tools: specifications of the live tools.
        progress: called as the passes go on.

    Raises:
        CompileError: the former plan was compiled with merging rules, and there are none now.
        PlanError: the settings of the former plan are not those of a compiled toolkit.
    """
    chosen = options or as_compiled(former, live=bool(tools))
    log = summarize(traces, bounds=WHOLE if chosen.strategy == "awo" else Bounds())
    return recompile_summary(log, former, options=chosen, tools=tools, progress=progress)


def recompile_summary(
    log: Summary,
    former: ToolkitPlan,
    *,
    options: Options | None = None,
    tools: Sequence[ToolSpec] = (),
    progress: Progress | None = None,
) -> Recompilation:
    """Recompiles what was counted and sampled of some traces; otherwise as `recompile_plan`.

    Raises:
        CompileError: the former plan was compiled with merging rules, and there are none now; or the strategy `awo` would see a
            sample only.
        PlanError: the settings of the former plan are not those of a compiled toolkit.
    """
    chosen = options or as_compiled(former, live=bool(tools))
    if former.settings.get("rules") and chosen.rules is None:
        raise CompileError(
            "the previous toolkit was compiled with merging rules; pass the same rules file again, or an empty one"
        )
    together = read_together(former.corpus.get("together"))
    log = log.with_meta_tools(each.name for each in list_decidable(former))
    found, echo = without_echo(log.sampled().traces, log.replayed, together=together)
    live = {spec.name for spec in tools}
    gone = {each.name: _find_missing(each, live) for each in former.meta_tools if live}
    usable = [each for each in former.meta_tools if not gone.get(each.name)]
    compiled = compile_summary(
        log,
        options=chosen,
        tools=tools,
        former=usable,
        rejected=former.rejected,
        own=found,
        progress=progress,
    )
    plan, carried = carry_over(compiled, former)
    difference = compare_plans(former, plan)
    other = {each.name for each in difference.added} | {each.name for each in difference.changed}
    return Recompilation(
        plan=plan,
        former=former,
        difference=difference,
        kept=tuple(each for each in plan.meta_tools if each.name not in other),
        retired=tuple(
            Retired(meta_tool=each, reason=gone.get(each.name) or _explain_loss(each, plan))
            for each in difference.removed
        ),
        echo=echo,
        decisions=carried,
    )


def as_compiled(former: ToolkitPlan, *, live: bool, rules: RuleSet | None = None) -> Options:
    """The options that a former plan was compiled with; without live tools their effects are those they had.

    Raises:
        PlanError: its settings are not those of a compiled toolkit.
    """
    options = restore_options(former, rules=rules, known_effects=not live)
    return replace(options, strategy="awo") if former.strategy == "awo" else options


def _find_missing(meta_tool: MetaTool, live: AbstractSet[str]) -> str:
    missing = next((tool for tool in meta_tool.tools if tool not in live), None)
    return f"{missing} is no longer among the tools" if missing else ""


def _explain_loss(gone: MetaTool, plan: ToolkitPlan) -> str:
    """Why a meta-tool is in a plan no more."""
    refused = next((each for each in plan.refused if each.routine == list_tools(gone)), None)
    if refused is not None and refused.code == RETIRED:
        return refused.reason
    tools = [step.tool for step in gone.steps]
    for each in plan.meta_tools:
        rest = iter(step.tool for step in each.steps)
        if all(tool in rest for tool in tools):
            return f"{each.name} calls the same tools"
    return (
        refused.reason
        if refused is not None
        else "it adds too little to the other meta-tools on these traces"
    )


def _format_summary(recompilation: Recompilation) -> Iterator[str]:
    before = {each.name: each for each in recompilation.former.meta_tools}
    now = {each.name: each for each in recompilation.plan.meta_tools}
    for each in recompilation.kept:
        yield f"kept     {each.name}: {_describe_evidence(each, before.get(each.name))}"
    for changed in recompilation.difference.changed:
        yield f"changed  {changed.name}: {_describe_evidence(now[changed.name], before.get(changed.name))}"
    for each in recompilation.difference.added:
        yield f"new      {each.name}: {_describe_evidence(each, None)}"
    for gone in recompilation.retired:
        yield f"retired  {gone.meta_tool.name}: {make_visible_line(gone.reason)}"
    if not (before or now):
        yield "no meta-tools, neither before nor now"


def _describe_evidence(meta_tool: MetaTool, former: MetaTool | None) -> str:
    seen, was = meta_tool.evidence, former.evidence if former else None
    places = f"{_format_places(seen)}{f' (was {_format_places(was)})' if was else ''}"
    saved = f"{seen.calls_saved:.1f}{f' (was {was.calls_saved:.1f})' if was else ''}"
    return f"{places} {'held-out ' if seen.held_out else ''}places, saves {saved} model calls a use"


def _format_places(evidence: Evidence) -> str:
    whole = f"{evidence.occurrences}"
    return f"{evidence.held_out_exact} of {evidence.held_out}" if evidence.held_out else whole


def _dump_evidence(meta_tool: MetaTool) -> dict[str, JSONValue]:
    data: dict[str, JSONValue] = get_adapter(Evidence).dump_python(meta_tool.evidence, mode="json")
    return data
