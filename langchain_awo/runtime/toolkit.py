"""A compiled toolkit over live tools, as LangChain's other toolkits are used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.tools import BaseTool, BaseToolkit
from pydantic import ConfigDict, Field, PrivateAttr, field_validator

from langchain_awo.errors import PlanError, ToolMismatchError
from langchain_awo.model.metatool import MetaTool, Mode, Refused, ToolkitPlan
from langchain_awo.model.notation import format_plan
from langchain_awo.model.validation import check_plan
from langchain_awo.plan_file import read_plan, write_plan
from langchain_awo.runtime.live_tools import as_tools
from langchain_awo.runtime.lowering import lower
from langchain_awo.runtime.memory import PROCESS, Memory
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.signatures import mismatch


class MetaToolkit(BaseToolkit):
    """The meta-tools of a plan, ready for an agent.

    A meta-tool whose tools are missing or have changed is disabled by itself, with the reason in `disabled`.

    Attributes:
        plan: what was compiled.
        tools: the live tools that the meta-tools call.
        limits: bounds of each run of a meta-tool.
        disabled: reason by name of each meta-tool that cannot run over these tools.
        memory: of the runs that began; that of the process, unless told otherwise.

    Example:
        >>> toolkit = MetaToolkit.load("toolkit.json", tools=tools)  # doctest: +SKIP
        >>> agent = create_agent(model, tools=[*tools, *toolkit.get_tools()])  # doctest: +SKIP
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    plan: ToolkitPlan
    tools: Sequence[BaseTool] = ()
    limits: Limits = Field(default_factory=Limits)
    disabled: dict[str, str] = Field(default_factory=dict)
    memory: Memory = Field(default=PROCESS, repr=False)
    _lowered: dict[str, BaseTool] = PrivateAttr(default_factory=dict)
    _whole: dict[str, BaseTool] = PrivateAttr(default_factory=dict)

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
        for meta_tool in self.plan.meta_tools:
            if reason := _unusable(meta_tool, self.plan, live):
                self.disabled[meta_tool.name] = reason
            else:
                self._lowered[meta_tool.name] = lower(
                    meta_tool, self.tools, limits=self.limits, memory=self.memory
                )

    @property
    def refused(self) -> tuple[Refused, ...]:
        """The candidates that were not compiled, and why."""
        return self.plan.refused

    @property
    def meta_tools(self) -> tuple[MetaTool, ...]:
        """The meta-tools that can run over these tools."""
        return tuple(each for each in self.plan.meta_tools if each.name in self._lowered)

    def get_tools(self, mode: Mode | None = None) -> list[BaseTool]:
        """The meta-tools as LangChain tools, in the order of the plan.

        Args:
            mode: only those that are to be installed in this way. When `None`, all that a model is to be shown: those
                that only continue a call are run by the middleware, and would cost their place in every prompt.
        """
        hidden = "continue" if mode is None else None
        wanted = (each for each in self.meta_tools if each.mode == mode or (hidden and each.mode != hidden))
        return [self.get_tool(each.name, whole=each.mode == "replace") for each in wanted]

    def get_tool(self, name: str, *, whole: bool = False) -> BaseTool:
        """One meta-tool as a LangChain tool, whatever its mode.

        Args:
            name: of a meta-tool that can run over these tools.
            whole: tells the model every output whole, for where it cannot call the original tools for the rest.
        """
        meta_tool = next(each for each in self.meta_tools if each.name == name)
        if not whole or not any(step.hide for step in meta_tool.steps):
            return self._lowered[name]
        if name not in self._whole:
            limits = replace(self.limits, shape=False)
            self._whole[name] = lower(meta_tool, self.tools, limits=limits, memory=self.memory)
        return self._whole[name]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the plan to a file, whole or not at all; the same plan gives the same bytes.

        Raises:
            PlanError: the path cannot be written.
        """
        write_plan(self.plan, path)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        tools: Iterable[BaseTool | Callable[..., Any] | dict[str, Any]],
        limits: Limits | None = None,
        strict: bool = False,
    ) -> MetaToolkit:
        """Reads a plan and binds it to live tools; nothing of the file is executed.

        Args:
            path: a file that `save` or `awo compile` wrote.
            tools: the live tools.
            limits: bounds of each run.
            strict: a missing or changed tool is an error instead of disabling the meta-tools that call it.

        Raises:
            PlanError: the file is not a plan that could be run.
            ToolMismatchError: with `strict`, a tool is missing or has another signature.
        """
        toolkit = cls(plan=read_plan(path), tools=as_tools(tools), limits=limits or Limits())
        if strict:
            toolkit.raise_if_disabled()
        return toolkit

    def raise_if_disabled(self) -> None:
        """Turns a disabled meta-tool into an error.

        Raises:
            ToolMismatchError: a tool is missing or has another signature.
        """
        live = {tool.name: tool for tool in self.tools}
        for name, reason in self.disabled.items():
            steps = next(each.steps for each in self.plan.meta_tools if each.name == name)
            culprit = next((step.tool for step in steps if repr(step.tool) in reason), steps[0].tool)
            raise ToolMismatchError(f"{name}: {reason} ({len(live)} tools were given)", tool=culprit)

    def _repr_html_(self) -> str | None:
        """What a notebook shows; the plain form without the extra `report`."""
        from langchain_awo.reporting.notebook import plan_html  # noqa: PLC0415  # agents need no drawings

        return plan_html(self.plan)

    def __str__(self) -> str:
        """The plan in its notation, then what is disabled; nothing of that before there are live tools."""
        blocks = [format_plan(self.plan)]
        if self.disabled and self.tools:
            blocks.append("\n".join(f"{name} is disabled: {why}" for name, why in self.disabled.items()))
        return "\n\n".join(blocks)


def _unusable(meta_tool: MetaTool, plan: ToolkitPlan, live: Mapping[str, BaseTool]) -> str:
    if meta_tool.name in live:
        return f"one of the tools is called {meta_tool.name!r} too; rename the meta-tool"
    return mismatch(meta_tool, plan.tools, live)
