"""Shapes of tools: their own schema where it was recorded, else what the recorded arguments show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable

from langchain_awo.model.ir.metatool import ToolSignature
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.optimizer.log.corpus import Corpus

_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def build_signatures(
    corpus: Corpus, tools: Iterable[str], *, live: Container[str] = ()
) -> dict[str, ToolSignature]:
    """Signature of each named tool.

    Args:
        live: names of the tools whose specification was taken from the live tool; only these are held to it exactly.
    """
    return {name: _build_signature(corpus, name, is_live=name in live) for name in sorted(tools)}


def infer_argument_schema(corpus: Corpus, tool: str, argument: str) -> dict[str, JSONValue]:
    """JSON Schema of one argument, with its description where the tool gives one; `{}` if nothing is known."""
    spec = corpus.specs.get(tool)
    parameters = spec.parameters if spec and spec.parameters else observed_schema(corpus, tool)
    schema = parameters.get("properties", {}).get(argument, {})
    return dict(schema) if isinstance(schema, dict) else {}


def observed_schema(corpus: Corpus, tool: str) -> dict[str, JSONValue]:
    """A JSON Schema that all recorded successful calls of a tool satisfy, argument names sorted."""
    types: dict[str, set[str]] = defaultdict(set)
    present: dict[str, int] = defaultdict(int)
    calls = 0
    for _, segment in corpus.segments():
        for current in segment.rounds:
            for call in current.calls:
                if call.tool == tool and call.ok:
                    calls += 1
                    for name, value in call.args.items():
                        present[name] += 1
                        types[name].add(_TYPES.get(type(value), "string"))
    properties = {name: {"type": _unite_types(types[name])} for name in sorted(types)}
    required = [name for name in sorted(types) if present[name] == calls]
    return {"type": "object", "properties": properties, "required": required}


def _unite_types(types: set[str]) -> JSONValue:
    if "number" in types:
        types = types - {"integer"}
    return min(types) if len(types) == 1 else sorted(types)


def _build_signature(corpus: Corpus, name: str, *, is_live: bool) -> ToolSignature:
    effect = corpus.effects.get(name, Effect.UNKNOWN)
    spec = corpus.specs.get(name, ToolSpec(name=name))
    parameters = spec.parameters or observed_schema(corpus, name)
    if not is_live:
        return ToolSignature(parameters=parameters, source="traces", effect=effect)
    return ToolSignature(parameters=parameters, digest=compute_digest([name, parameters]), effect=effect)
