"""A compiled toolkit over live tools, as LangChain's other toolkits are used."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from langchain_core.tools import BaseTool, BaseToolkit
from pydantic import ConfigDict, Field, PrivateAttr, field_validator

from langchain_awo.errors import ArgumentError, DecisionError, PlanError, ToolMismatchError
from langchain_awo.model.ir import reviewing
from langchain_awo.model.ir.argument_checks import (
    check_choice,
)
from langchain_awo.model.ir.metatool import MetaTool, Mode, Refused, ToolkitPlan
from langchain_awo.model.ir.option_kinds import KEY, PATH, TEXT, check_options
from langchain_awo.model.ir.validation import check_plan
from langchain_awo.model.text.phrasing import MOST_NAMES, did_you_mean, format_count
from langchain_awo.model.trace.effect import Effect, find_most_suspicious, read_claimed_effect
from langchain_awo.model.trace.hints import read_hints
from langchain_awo.model.views.notation import format_plan
from langchain_awo.plan_file import read_plan_file, write_plan
from langchain_awo.runtime.approval.protection import collect_tool_names, read_protection
from langchain_awo.runtime.inner.live_tools import as_tools
from langchain_awo.runtime.journal.journal import PROCESS, RunMemory
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.tool.lowering import lower
from langchain_awo.runtime.tool.signatures import (
    describe_leak,
    find_mismatch,
    find_worsened,
    reach_among,
    with_effects,
)
from langchain_awo.runtime.tool.toolkit_options import (
    check_decision,
    check_declared,
    check_loading,
    check_toolkit,
)
from langchain_awo.runtime.tool.unguarded import watch_tool

_log = logging.getLogger(__name__)


class MetaToolkit(BaseToolkit):
    """The meta-tools of a plan, ready for an agent.

    A meta-tool whose tools are missing, have changed, or admit to worse effects than it was compiled for is disabled by
    itself, with the reason in `disabled`. One that writes is left out until a person accepts it, with the reason in
    `explain_withholding`.

    Attributes:
        plan: what was compiled.
        tools: the live tools that the meta-tools call.
        limits: bounds of each run of a meta-tool.
        effects: effect classes by tool, declared by your own code: the last word over plan and hints.
        believed: whether what the plan says of effects counts; else a tool without a declared effect is taken for a write.
        disabled: reason by name of each meta-tool that cannot run over these tools.
        where: the file it was loaded from; what to call it in messages.
        memory: of the runs that began; that of the process, unless told otherwise.

    Example:
        >>> toolkit = MetaToolkit.load("toolkit.json", tools=tools)  # doctest: +SKIP
        >>> agent = create_agent(model, tools=[*tools, *toolkit.get_tools()])  # doctest: +SKIP
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, defer_build=True)

    plan: ToolkitPlan
    tools: Sequence[BaseTool] = ()
    limits: Limits = Field(default_factory=Limits)
    effects: dict[str, Effect] = Field(default_factory=dict)
    believed: bool = True
    disabled: dict[str, str] = Field(default_factory=dict)
    where: str = "FILE"
    memory: RunMemory = Field(default=PROCESS, repr=False)
    _current: dict[str, MetaTool] = PrivateAttr(default_factory=dict)
    _lowered: dict[str, BaseTool] = PrivateAttr(default_factory=dict)
    _whole: dict[str, BaseTool] = PrivateAttr(default_factory=dict)
    _withheld: dict[str, str] = PrivateAttr(default_factory=dict)
    _is_told: bool = PrivateAttr(default=False)

    def __init__(self, **given: Any) -> None:
        check_toolkit(given)
        super().__init__(**given)

    @field_validator("tools", mode="before")
    @classmethod
    def _as_tools(cls, given: Any) -> list[BaseTool]:
        return as_tools(given)

    def model_post_init(self, context: Any, /) -> None:
        """Checks the plan and builds the tools.

        Raises:
            PlanError: the plan could not be run over any tools.
        """
        super().model_post_init(context)
        if problem := check_plan(self.plan):
            raise PlanError(problem)
        live = {tool.name: tool for tool in self.tools}
        for planned in self.plan.meta_tools:
            if reason := self._unusable(planned, live):
                self.disabled[planned.name] = reason
                continue
            current = with_effects(planned, self.plan.tools, declared=self.effects, believed=self.believed)
            self._current[planned.name] = current
            if reason := reviewing.explain_withholding(
                planned, effect=current.effect, believed=self.believed
            ):
                self._withheld[planned.name] = reason
            self._lowered[planned.name] = self._lower(current)

    def _lower(self, meta_tool: MetaTool, limits: Limits | None = None) -> BaseTool:
        tool = lower(meta_tool, self.tools, limits=limits or self.limits, memory=self.memory)
        return watch_tool(tool, meta_tool, {original.name: original for original in self.tools})

    def _unusable(self, meta_tool: MetaTool, live: Mapping[str, BaseTool]) -> str:
        if meta_tool.name in live:
            return f"one of the tools is called {meta_tool.name!r} too; rename the meta-tool"
        changed = find_mismatch(meta_tool, self.plan.tools, live)
        used = [live[name] for name in meta_tool.tools if name in live]
        leaks = describe_leak(meta_tool, reach_among(self.plan, used)) if not changed else ""
        return changed or leaks or find_worsened(meta_tool, live, declared=self.effects)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """The candidates that were not compiled, and why."""
        return self.plan.refused

    @property
    def meta_tools(self) -> tuple[MetaTool, ...]:
        """The meta-tools that can run over these tools, with the effects that count at run time."""
        return tuple(self._current.values())

    @property
    def withheld(self) -> dict[str, str]:
        """Why meta-tools that could run are not installed: a person has to accept what writes; by name."""
        return dict(self._withheld)

    def tell_withheld(self) -> None:
        """Warns once of each meta-tool that is left out because nobody has accepted it, with the command that does."""
        if self._is_told:
            return
        self._is_told = True
        for name in self._withheld:
            _log.warning("%s is left out: %s", name, self._what_it_waits_for(name))

    def _what_it_waits_for(self, name: str) -> str:
        seal = "" if self.believed else f"; the file has no seal, so `awo seal {self.where}` comes first"
        fix = f"`awo review {self.where}` shows it, `awo accept {self.where} {name}` installs it{seal}"
        return f"{self._withheld[name]}; {fix}"

    def effect_of(self, tool: str) -> Effect:
        """The effect class of an original tool that counts at run time; unknown unless something says better."""
        check_options({"tool": TEXT}, {"tool": tool})
        if tool in self.effects:
            return self.effects[tool]
        signature = self.plan.tools.get(tool)
        effects = [
            step.effect for meta_tool in self.plan.meta_tools for step in meta_tool.steps if step.tool == tool
        ]
        if signature and signature.effect is not Effect.UNKNOWN:
            effects.append(signature.effect)
        if not (effects and self.believed):
            effects.append(Effect.UNKNOWN)
        live = [
            read_claimed_effect(read_hints(live_tool.metadata or {}))
            for live_tool in self.tools
            if live_tool.name == tool
        ]
        return find_most_suspicious([*effects, *(claimed for claimed in live if claimed)])

    def get_tools(self, mode: Mode | None = None, *, protected: Iterable[Any] = ()) -> list[BaseTool]:
        """The meta-tools as LangChain tools, in the order of the plan.

        Left out, with a warning, are those that write and that nobody has accepted. Beside a `HumanInTheLoopMiddleware` a
        plain tool does not run what that would ask for: it cannot ask. Nor can it ask before the tools that a reviewer marked.

        Args:
            mode: only those that are to be installed in this way. When `None`, all of them: without the middleware, what would
                only continue a call is a tool that the model calls.
            protected: tools that a person watches over, as for the middleware: what calls them is left out.

        Raises:
            ApprovalError: what is protected is no tool.
            ArgumentError: there is no such mode.
        """
        if mode is not None:
            check_choice(mode, get_args(Mode), option="mode")
        watched_over = read_protection(protected)
        watched_over.check_names(self.known_names, exact=bool(self.tools))
        in_mode = (meta_tool for meta_tool in self.meta_tools if mode in (None, meta_tool.mode))
        self.tell_withheld()
        usable = [
            meta_tool
            for meta_tool in in_mode
            if not (meta_tool.name in self._withheld or watched_over.reason(meta_tool, "append"))
        ]
        return [self.get_tool(meta_tool.name, whole=meta_tool.mode == "replace") for meta_tool in usable]

    @property
    def known_names(self) -> frozenset[str]:
        """Names of the live tools, of those the plan calls, and of its meta-tools."""
        live = {tool.name for tool in self.tools}
        return frozenset(
            live | self.plan.tools.keys() | {meta_tool.name for meta_tool in self.plan.meta_tools}
        )

    def get_tool(self, name: str, *, whole: bool = False) -> BaseTool:
        """One meta-tool as a LangChain tool, whatever its mode.

        Args:
            name: of a meta-tool that can run over these tools.
            whole: tells the model every output whole, for where it cannot call the original tools for the rest.

        Raises:
            ArgumentError: there is no such meta-tool, or it is disabled; the reason is in the message.
            DecisionError: it writes and has not been accepted.
        """
        check_options({"name": TEXT}, {"name": name})
        if name in self._withheld:
            raise DecisionError(f"{name} is not available: {self._what_it_waits_for(name)}")
        meta_tool = next((candidate for candidate in self.meta_tools if candidate.name == name), None)
        if meta_tool is None:
            why = self.disabled.get(name) or did_you_mean(str(name), self._current)
            raise ArgumentError(f"the toolkit has no meta-tool {name!r} to run; {why}")
        if not whole or not any(step.hide for step in meta_tool.steps):
            return self._lowered[name]
        if name not in self._whole:
            limits = replace(self.limits, shape=False)
            self._whole[name] = self._lower(meta_tool, limits)
        return self._whole[name]

    def save(self, path: str | os.PathLike[str], *, key: str | bytes | None = None) -> None:
        """Writes the plan to a file, sealed, whole or not at all; the same plan gives the same bytes.

        Args:
            path: where to.
            key: signs the seal, for `load` with the same key.

        Raises:
            PlanError: the path cannot be written.
        """
        check_options({"path": PATH, "key": KEY.optional}, {"path": path, "key": key})
        write_plan(self.plan, path, key=key)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        tools: Iterable[BaseTool | Callable[..., Any] | dict[str, Any]],
        limits: Limits | None = None,
        effects: Mapping[str, Effect | str] | None = None,
        key: str | bytes | None = None,
        strict: bool = False,
    ) -> MetaToolkit:
        """Reads a plan and binds it to live tools; nothing of the file is executed.

        Args:
            path: a file that `save` or `awo compile` wrote.
            tools: the live tools.
            limits: bounds of each run.
            effects: effect classes by tool name, the last word; what the file says never overrules a live tool.
            key: the file must be signed with it, by `save` or `awo seal`.
            strict: a missing or changed tool is an error instead of disabling the meta-tools that call it.

        Raises:
            PlanError: the file is not a plan that could be run.
            SealError: it was edited since it was sealed, or is not signed with the key.
            ArgumentError: `effects` names a tool that there is not, or an effect that there is not.
            ToolMismatchError: with `strict`, a tool is missing or has another signature.
        """
        check_loading(limits=limits, key=key, strict=strict)
        file = read_plan_file(path)
        file.check(key=key)
        live = as_tools(tools)
        toolkit = cls(
            plan=file.plan,
            tools=live,
            limits=limits or Limits(),
            effects=check_declared(effects, file.plan, live),
            believed=file.seal is not None,
            where=str(path),
        )
        if strict:
            toolkit.raise_if_disabled()
        return toolkit

    def accept(
        self,
        *names: str,
        reason: str = "",
        by: str = "",
        at: str = "",
        needs_approval: Iterable[str | BaseTool] | None = None,
    ) -> MetaToolkit:
        """The toolkit with meta-tools accepted for what they do now; those that write are installed from then on.

        Args:
            names: of meta-tools.
            by: who accepts them; `at` is when, in ISO 8601.
            needs_approval: tools of theirs that a person is asked about before each call, though the agent does not ask.

        Raises:
            DecisionError: there is no such meta-tool, or it calls no such tool.
        """
        check_decision(names, reason=reason, by=by, at=at)
        plan = reviewing.accept(self.plan, *names, reason=reason, by=by, at=at)
        if needs_approval is not None:
            tools = collect_tool_names(needs_approval, option="needs_approval")
            for name in names:
                plan = reviewing.ask_before(plan, name, tools)
        return self._with(plan)

    def reject(self, *names: str, reason: str = "", by: str = "", at: str = "") -> MetaToolkit:
        """The toolkit without meta-tools that it keeps aside, so that compiling again leaves them out.

        Raises:
            DecisionError: there is no such meta-tool.
        """
        check_decision(names, reason=reason, by=by, at=at)
        return self._with(reviewing.reject(self.plan, *names, reason=reason, by=by, at=at))

    def undecide(self, *names: str) -> MetaToolkit:
        """The toolkit with decisions taken back; raises as `reject`."""
        check_decision(names)
        return self._with(reviewing.undecide(self.plan, *names))

    def rename(self, name: str, new: str) -> MetaToolkit:
        """The toolkit with another name for a meta-tool.

        Raises:
            DecisionError: there is no such meta-tool, or the name is taken or one that providers refuse.
        """
        check_decision([name], new=new)
        return self._with(reviewing.rename(self.plan, name, new))

    def reword(self, name: str, description: str) -> MetaToolkit:
        """The toolkit with another description of a meta-tool; raises as `rename`."""
        check_decision([name], description=description)
        return self._with(reviewing.reword(self.plan, name, description))

    def set_mode(self, name: str, mode: Mode) -> MetaToolkit:
        """The toolkit with a meta-tool installed in another mode; raises as `rename`."""
        check_decision([name])
        return self._with(reviewing.set_mode(self.plan, name, mode))

    def _with(self, plan: ToolkitPlan) -> MetaToolkit:
        kept = {
            name: getattr(self, name)
            for name in ("tools", "limits", "effects", "believed", "where", "memory")
        }
        return type(self)(plan=plan, **kept)

    def raise_if_disabled(self) -> None:
        """Turns a disabled meta-tool into an error.

        Raises:
            ToolMismatchError: a tool is missing or has another signature.
        """
        live = {tool.name: tool for tool in self.tools}
        for name, reason in self.disabled.items():
            steps = next(meta_tool.steps for meta_tool in self.plan.meta_tools if meta_tool.name == name)
            culprit = next((step.tool for step in steps if repr(step.tool) in reason), steps[0].tool)
            raise ToolMismatchError(f"{name}: {reason} ({len(live)} tools were given)", tool=culprit)

    def _repr_html_(self) -> str | None:
        """What a notebook shows; the plain form without the extra `report`."""
        from langchain_awo.reporting.notebook import render_plan  # noqa: PLC0415  # loads networkx

        return render_plan(self.plan)

    def __repr__(self) -> str:
        """Bounded, whatever the toolkit holds; `print` shows it whole."""
        names = [meta_tool.name for meta_tool in self.plan.meta_tools]
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        disabled = f", {len(self.disabled)} of them disabled" if self.disabled else ""
        counts = (
            f"{format_count(len(names), 'meta-tool')}{disabled} over {format_count(len(self.tools), 'tool')}"
        )
        return f"<MetaToolkit: {counts}: {', '.join(names[:MOST_NAMES])}{more}>"

    def __str__(self) -> str:
        """The plan in its notation, then what is disabled; nothing of that before there are live tools."""
        blocks = [format_plan(self.plan)]
        if self.disabled and self.tools:
            blocks.append("\n".join(f"{name} is disabled: {why}" for name, why in self.disabled.items()))
        return "\n\n".join(blocks)
