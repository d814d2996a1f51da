"""No secret leaves the traces with a toolkit, and no mask is sent to a live tool as if it were the secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from langchain_awo.model.ir.binding import (
    Binding,
    Constant,
    ListOf,
    ObjectOf,
    Parameter,
    Template,
    Transform,
    list_leaves,
)
from langchain_awo.model.ir.metatool import MetaTool, Refused, Step, ToolSignature
from langchain_awo.model.secrets import contains_mask, is_secret
from langchain_awo.model.secrets.names import looks_secret
from langchain_awo.model.secrets.schema import redact_schema
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.mining.verify import build_refusal


def without_secrets(meta_tools: Iterable[MetaTool]) -> tuple[list[MetaTool], list[Refused]]:
    """The meta-tools that hold no secret, and why the others are refused; the reason does not tell the secret.

    Defaults and examples of parameters are left out of their schemas where they are secret.
    """
    kept, refused = [], []
    for meta_tool in meta_tools:
        clean = _with_clean_schemas(meta_tool)
        if doubt := _find_doubt(clean):
            refused.append(build_refusal(meta_tool, "secret", doubt, meta_tool.evidence.occurrences))
        else:
            kept.append(clean)
    return kept, refused


def asks_for_secret(meta_tool: MetaTool) -> bool:
    """Whether a model that calls it would have to fill in a password or a token.

    After an anchor call that the model made itself, the rest may go on with the secret that is in it.
    """
    arguments = (
        name
        for step in meta_tool.steps
        for argument, binding in step.args.items()
        for leaf in list_leaves(binding)
        if isinstance(leaf, Parameter)
        for name in (argument, leaf.name)
    )
    return any(looks_secret(name) for name in arguments)


def without_secret_defaults(signatures: Mapping[str, ToolSignature]) -> dict[str, ToolSignature]:
    """Signatures whose schemas show no secret; the digest of a signature does not see such places either."""
    return {name: _redact_signature(name, signature) for name, signature in signatures.items()}


def _redact_signature(name: str, signature: ToolSignature) -> ToolSignature:
    parameters = redact_schema(signature.parameters)
    if parameters == signature.parameters:
        return signature
    return replace(
        signature, parameters=parameters, digest=signature.digest and compute_digest([name, parameters])
    )


def without_secret_words(refused: Iterable[Refused]) -> list[Refused]:
    """Refusals whose words show no secret."""
    return [
        replace(
            refusal,
            routine=tuple(_strip_arguments(call) for call in refusal.routine),
            reason=_withhold_secret(refusal.reason),
        )
        for refusal in refused
    ]


def _strip_arguments(call: str) -> str:
    return call.partition("(")[0] if is_secret(call) else call


def _withhold_secret(reason: str) -> str:
    return "the reason is withheld: it contains what looks like a secret" if is_secret(reason) else reason


def _with_clean_schemas(meta_tool: MetaTool) -> MetaTool:
    parameters = tuple(
        replace(parameter, schema=redact_schema(parameter.schema, name=parameter.name))
        for parameter in meta_tool.parameters
    )
    return replace(meta_tool, parameters=parameters) if parameters != meta_tool.parameters else meta_tool


def _find_doubt(meta_tool: MetaTool) -> str:
    for number, step in enumerate(meta_tool.steps, start=1):
        for name, key, value in _iterate_fixed_values(step):
            where = f"the constant {name} of step {number} ({step.tool})"
            if contains_mask(value):
                return f"{where} was a secret, of which only the mask is known; let the tool supply it itself"
            if is_secret(value, key):
                return f"{where} looks like a secret; let the tool read it from a secret store"
    for text in (meta_tool.name, meta_tool.description, meta_tool.mode_reason):
        if contains_mask(text) or is_secret(text):
            return "its name or description contains what looks like a secret; remove it from the tools' descriptions"
    return ""


def _iterate_fixed_values(step: Step) -> Iterator[tuple[str, str, JSONValue]]:
    """What a step says itself instead of taking it from somewhere: where, under which key, and what."""
    for name, binding in step.args.items():
        yield from _iterate_fixed(name, name, binding)
    if step.over:
        yield from _iterate_fixed("the list", "", step.over.source)
        if step.over.filter:
            path = step.over.filter.path
            yield from ((path, path, value) for value in step.over.filter.values)
    if step.guard:
        path = str(getattr(step.guard.source, "path", ""))
        yield from _iterate_fixed("the guard", "", step.guard.source)
        yield path or "the guard", path, step.guard.value


def _iterate_fixed(place: str, key: str, binding: Binding) -> Iterator[tuple[str, str, JSONValue]]:
    match binding:
        case Constant(value=value):
            yield place, key, value
        case Template(prefix=prefix, source=source, suffix=suffix):
            yield from ((place, "", text) for text in (prefix, suffix))
            yield from _iterate_fixed(place, key, source)
        case Transform(source=source, option=option):
            yield place, "", option
            yield from _iterate_fixed(place, key, source)
        case ObjectOf(members=members):
            for name, member in members.items():
                yield from _iterate_fixed(f"{place}/{name}", name, member)
        case ListOf(elements=elements):
            for element in elements:
                yield from _iterate_fixed(place, key, element)
