"""Shapes of live tools, and whether they still are what a plan relies on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from langchain_core.tools import BaseTool
from langchain_core.utils.json_schema import dereference_refs

from langchain_awo.model.ir.binding import Constant
from langchain_awo.model.ir.metatool import MetaTool, Step, ToolkitPlan, ToolSignature
from langchain_awo.model.ir.reach import Reach, find_leak, list_fixed_texts, reach_of
from langchain_awo.model.ir.signature import digest_schema
from langchain_awo.model.text.encoding import same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect, find_most_suspicious, read_claimed_effect
from langchain_awo.model.trace.hints import read_hints
from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.runtime.inner.injection import find_injected, returns_command
from langchain_awo.runtime.inner.schemas import read_aliases, read_parameters


def read_signature(tool: BaseTool, *, effect: Effect = Effect.UNKNOWN) -> ToolSignature:
    """The shape of a live tool: JSON Schema of its arguments without hidden ones, and its digest.

    Args:
        tool: the live tool.
        effect: its effect class, which its schema does not say.
    """
    parameters = read_parameters(tool)
    return ToolSignature(
        parameters=parameters, source="tool", digest=digest_schema(tool.name, parameters), effect=effect
    )


def read_spec(tool: BaseTool) -> ToolSpec:
    """A live tool as the optimizer knows tools: name, description, arguments, and what it claims of its effects."""
    return ToolSpec(
        name=tool.name,
        description=tool.description,
        parameters=read_parameters(tool),
        hints=read_hints(tool.metadata or {}),
    )


def reach_among(plan: ToolkitPlan, tools: Iterable[BaseTool]) -> dict[str, Reach]:
    """The arguments of live tools that reach out, less the tools that the plan was told to trust.

    An address that the plan itself holds tells as much as the name of an argument.
    """
    trusted = plan.settings.get("trusted", ())
    texts = list_fixed_texts(step for each in plan.meta_tools for step in each.steps)
    return {
        tool.name: reach_of(read_spec(tool), texts.get(tool.name))
        for tool in tools
        if tool.name not in trusted
    }


def describe_leak(meta_tool: MetaTool, reach: Mapping[str, Reach]) -> str:
    """Why a meta-tool would send out what a tool returned, or `""`."""
    leak = find_leak(meta_tool, reach)
    if leak is None:
        return ""
    tool = meta_tool.steps[leak[0] - 1].tool
    return (
        f"the tool {tool!r} reaches out, and its {leak[1]!r} would be made of what another tool returned; "
        f"if it is safe, compile with a rule `kind: trust, tool: {tool}`"
    )


def find_mismatch(
    meta_tool: MetaTool, expected: Mapping[str, ToolSignature], tools: Mapping[str, BaseTool]
) -> str:
    """Why a meta-tool cannot run over these tools, or `""` if it can.

    Args:
        meta_tool: what is to run.
        expected: the signatures it was compiled against.
        tools: the live tools by name.
    """
    for number, step in enumerate(meta_tool.steps, start=1):
        tool = tools.get(step.tool)
        if tool is None:
            return f"the tool {step.tool!r} is missing; pass it in tools=[...]"
        if unknown := find_injected(tool).unknown:
            return f"the tool {step.tool!r} wants {unknown[0]!r} filled in a way LangGraph does not know"
        if returns_command(tool):
            return f"the tool {step.tool!r} returns a Command, which a routine cannot pass on"
        if tool.return_direct and number < len(meta_tool.steps):
            return f"the tool {step.tool!r} answers the user directly and is not the last step"
        if is_meta_tool(tool):
            return f"the tool {step.tool!r} is itself a meta-tool; compile the original tools instead"
        if problem := _find_change(tool, expected.get(step.tool)) or _find_misfit(
            step, read_parameters(tool), read_aliases(tool)
        ):
            return f"the tool {step.tool!r} {problem}; compile the traces again"
    return ""


def find_worsened(
    meta_tool: MetaTool, tools: Mapping[str, BaseTool], *, declared: Mapping[str, Effect]
) -> str:
    """Which tool now admits to worse than what the meta-tool was compiled for, or `""`.

    Args:
        meta_tool: with the effects that the plan says.
        tools: the live tools by name.
        declared: effects by tool that the user's own code declares; the last word.
    """
    for step in meta_tool.steps:
        claimed = read_claimed_effect(read_hints(tools[step.tool].metadata or {}))
        if claimed is None or step.tool in declared or claimed.suspicion <= step.effect.suspicion:
            continue
        return (
            f"the tool {step.tool!r} declares itself {claimed}, and this was compiled for {step.effect}; compile the "
            f"traces again, or pass effects={{{step.tool!r}: {str(step.effect)!r}}} if you know better"
        )
    return ""


def with_effects(
    meta_tool: MetaTool,
    expected: Mapping[str, ToolSignature],
    *,
    declared: Mapping[str, Effect],
    believed: bool,
) -> MetaTool:
    """The meta-tool with the effects its steps have at run time: declared, or the worst that the plan says.

    Args:
        meta_tool: as the plan has it.
        expected: the signatures it was compiled against.
        declared: effects by tool that the user's own code declares; the last word.
        believed: whether what the plan says counts; else every effect is at least unknown.
    """
    steps = tuple(
        replace(step, effect=_determine_effect(step, expected.get(step.tool), declared, believed=believed))
        for step in meta_tool.steps
    )
    return replace(meta_tool, steps=steps)


def is_meta_tool(tool: BaseTool) -> bool:
    """Whether a tool was made of a meta-tool."""
    return isinstance((tool.metadata or {}).get("awo"), dict)


def _determine_effect(
    step: Step, expected: ToolSignature | None, declared: Mapping[str, Effect], *, believed: bool
) -> Effect:
    if step.tool in declared:
        return declared[step.tool]
    effects = [step.effect] if believed else [step.effect, Effect.UNKNOWN]
    if expected is not None and expected.effect is not Effect.UNKNOWN:
        effects.append(expected.effect)
    return find_most_suspicious(effects)


def _find_change(tool: BaseTool, expected: ToolSignature | None) -> str:
    if expected is None or expected.source == "traces":
        return ""
    live = digest_schema(tool.name, read_parameters(tool))
    recorded = digest_schema(tool.name, expected.parameters)
    return "" if live == recorded else "has a different signature than at compile time"


def _find_misfit(step: Step, parameters: Mapping[str, JSONValue], aliases: Mapping[str, str]) -> str:
    """Whether the bound arguments can be arguments of the live tool at all, by their own names or by aliases."""
    live_names = {
        name: name if name in parameters.get("properties", {}) else aliases.get(name, name)
        for name in step.args
    }
    always = {live_names[name] for name in step.args if name not in step.optional}
    schema: dict[str, Any] = dereference_refs(dict(parameters))
    properties = schema.get("properties", {})
    open_ended = bool(schema.get("additionalProperties")) or not properties
    for name in step.args:
        if live_names[name] not in properties and not open_ended:
            return f"has no argument {name!r}"
    for name in schema.get("required", []):
        if name not in always:
            return f"now requires the argument {name!r}, which is not always bound"
    for name, binding in step.args.items():
        if isinstance(binding, Constant) and not _fits(binding.value, properties.get(live_names[name], {})):
            return f"does not take {binding.value!r} as {name!r}"
    return ""


def _fits(value: JSONValue, schema: Mapping[str, Any]) -> bool:
    """Whether a constant can be of a schema, as far as its type and listed values say."""
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return any(_fits(value, option) for option in options)
    if "enum" in schema:
        return any(same(value, each) for each in schema["enum"])
    if "const" in schema:
        return same(value, schema["const"])
    kinds = schema.get("type")
    if kinds is None:
        return True
    return any(_is_a(value, kind) for kind in (kinds if isinstance(kinds, list) else [kinds]))


def _is_a(value: JSONValue, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "array": list,
        "object": dict,
        "null": type(None),
    }
    return isinstance(value, kinds[kind]) if kind in kinds else kind != "boolean"
