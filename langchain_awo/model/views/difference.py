"""What changed from one compiled toolkit to another: pure data, for review and for programs.

What a meta-tool does and what a model is shown of it are told apart from its evidence, which changes with every compilation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import SequenceMatcher
from typing import Any, Final

from langchain_awo.model.ir.binding import Binding
from langchain_awo.model.ir.metatool import (
    Guard,
    GuardEvidence,
    MetaTool,
    ParameterSpec,
    Step,
    ToolkitPlan,
    ToolSignature,
)
from langchain_awo.model.ir.reviewing import get_standing
from langchain_awo.model.ir.schema import get_adapter
from langchain_awo.model.views.notation import (
    format_binding,
    format_filter,
    format_guard,
    format_numbered_step,
)
from langchain_awo.model.views.notation_words import spell_out

_NOWHERE: Final = 0
"""Number of a step that is only in the old meta-tool; no step has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing before and after, as text; empty where it did not exist.

    Attributes:
        place: what it is, such as `mode` or `argument order_id`.
    """

    place: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChange:
    """A step that was added (`old` is empty), removed (`new` is empty) or changed.

    Attributes:
        old: its line in the notation, before.
        new: its line in the notation, after.
        parts: of a changed step, what changed of it.
    """

    old: str
    new: str
    parts: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A meta-tool that is in both toolkits and not the same.

    Attributes:
        name: its name, after.
        changes: of name, description, mode and parameters.
        steps: that were added, removed or changed; a step that only has another number is none of these.
        evidence: counts that are others now; they change nothing that runs.
    """

    name: str
    changes: tuple[Change, ...] = ()
    steps: tuple[StepChange, ...] = ()
    evidence: tuple[Change, ...] = ()

    @property
    def is_evidence_only(self) -> bool:
        """Whether it does the same and is shown the same."""
        return not (self.changes or self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed from an old toolkit to a new one.

    Attributes:
        tools: original tools whose signature or effect changed, or that are called anew or no longer.
        evidence_only: meta-tools that do the same on other evidence.
    """

    added: tuple[MetaTool, ...] = ()
    removed: tuple[MetaTool, ...] = ()
    changed: tuple[Changed, ...] = ()
    tools: tuple[Change, ...] = ()
    evidence_only: tuple[Changed, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether both toolkits do the same and are shown the same; evidence may differ."""
        return not (self.added or self.removed or self.changed or self.tools)


def compare_plans(old: ToolkitPlan, new: ToolkitPlan) -> Difference:
    """What changed from one plan to another; the order of meta-tools does not matter.

    Meta-tools are matched by name, and those left over by equal steps: these were renamed.
    """
    pairs = _pair_meta_tools(old.meta_tools, new.meta_tools)
    before = {id(one) for one, _ in pairs}
    after = {id(other) for _, other in pairs}
    compared = [_compare(one, other) for one, other in pairs]
    return Difference(
        added=tuple(each for each in new.meta_tools if id(each) not in after),
        removed=tuple(each for each in old.meta_tools if id(each) not in before),
        changed=tuple(each for each in compared if not each.is_evidence_only),
        tools=tuple(_compare_by_key("tool", old.tools, new.tools, _describe_signature)),
        evidence_only=tuple(each for each in compared if each.is_evidence_only and each.evidence),
    )


def _pair_meta_tools(old: Sequence[MetaTool], new: Sequence[MetaTool]) -> list[tuple[MetaTool, MetaTool]]:
    by_name = {each.name: each for each in old}
    pairs = [(by_name[each.name], each) for each in new if each.name in by_name]
    kept = {each.name for _, each in pairs}
    left = {_fingerprint_steps(each): each for each in reversed(old) if each.name not in kept}
    free = [each for each in new if each.name not in kept]
    return pairs + [(renamed, each) for each in free if (renamed := left.pop(_fingerprint_steps(each), None))]


def _fingerprint_steps(meta_tool: MetaTool) -> str:
    """Equal for meta-tools whose steps are equal."""
    return _spell_text(
        [_canonicalize(Step, replace(_drop_proof(step), evidence={}, hide={})) for step in meta_tool.steps]
    )


def _compare(old: MetaTool, new: MetaTool) -> Changed:
    return Changed(
        name=new.name,
        changes=tuple(_compare_heads(old, new)),
        steps=tuple(_compare_steps(old, new)),
        evidence=tuple(_compare_evidence(old, new)),
    )


def _compare_heads(old: MetaTool, new: MetaTool) -> Iterator[Change]:
    for place in ("name", "description", "mode"):
        before, after = getattr(old, place), getattr(new, place)
        if before != after:
            yield Change(place=place, old=before, new=after)
    for place, told in (("decision", get_standing), ("approval", lambda each: ", ".join(each.approval))):
        before, after = told(old), told(new)
        if before != after:
            yield Change(place=place, old=before, new=after)
    specs, other = ({spec.name: spec for spec in each.parameters} for each in (old, new))
    yield from _compare_by_key("parameter", specs, other, _describe_parameter)


def _compare_steps(old: MetaTool, new: MetaTool) -> Iterator[StepChange]:
    pairs = _align_steps(old, new)
    numbers = dict.fromkeys(range(1, len(old.steps) + 1), _NOWHERE) | dict(pairs)
    matched = set(numbers.values())
    for number, step in enumerate(old.steps, start=1):
        line = format_numbered_step(number, step)
        counterpart = numbers[number]
        if counterpart == _NOWHERE:
            yield StepChange(old=line, new="")
            continue
        other = new.steps[counterpart - 1]
        if parts := tuple(_compare_parts(step.renumbered(numbers), other)):
            yield StepChange(old=line, new=format_numbered_step(counterpart, other), parts=parts)
    added = [each for each in enumerate(new.steps, start=1) if each[0] not in matched]
    yield from (StepChange(old="", new=format_numbered_step(number, step)) for number, step in added)


def _align_steps(old: MetaTool, new: MetaTool) -> list[tuple[int, int]]:
    """Numbers of the steps that stand for each other: calls of the same tool in the same order."""
    before, after = ([step.tool for step in each.steps] for each in (old, new))
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return [(block.a + i + 1, block.b + i + 1) for block in blocks for i in range(block.size)]


def _compare_parts(old: Step, new: Step) -> Iterator[Change]:
    yield from _compare_by_key("argument", old.args, new.args, _describe_binding)
    for place, told in _TOLD.items():
        before, after = (_spell_text(_canonicalize(Step, _drop_proof(step))[place]) for step in (old, new))
        if before != after:
            yield Change(place=place, old=told(old), new=told(new))
    if sorted(old.hide) != sorted(new.hide):
        yield Change(place="hide", old=", ".join(sorted(old.hide)), new=", ".join(sorted(new.hide)))


def _describe_map(step: Step) -> str:
    if step.over is None:
        return ""
    where = f" where {format_filter(step.over.filter)}" if step.over.filter else ""
    return f"{format_binding(step.over.source)}, at most {step.over.limit}{where}"


def _describe_guard(step: Step) -> str:
    if step.guard is None:
        return ""
    seen = step.guard.evidence
    counts = f"{seen.followed} of {seen.held}, {seen.others - seen.others_followed} of {seen.others} others did not"
    return f"{step.guard.otherwise} unless {format_guard(step.guard, step)} ({counts})"


_TOLD: Final[Mapping[str, Callable[[Step], str]]] = {
    "optional": lambda step: ", ".join(step.optional),
    "over": _describe_map,
    "guard": _describe_guard,
    "effect": lambda step: str(step.effect),
    "never_empty": lambda step: "yes" if step.never_empty else "no",
    "eager": lambda step: "yes" if step.eager else "no",
}
"""How each part of a step is told."""


def _drop_proof(step: Step) -> Step:
    """A step whose guard is without its evidence."""
    return replace(step, guard=step.guard and replace(step.guard, evidence=GuardEvidence()))


def _encode_proof(guard: Guard | None) -> Any:
    return _canonicalize(GuardEvidence, guard.evidence) if guard else None


def _compare_evidence(old: MetaTool, new: MetaTool) -> Iterator[Change]:
    if old.mode_reason != new.mode_reason:
        yield Change(place="mode_reason", old=old.mode_reason, new=new.mode_reason)
    for place in fields(new.evidence):
        before, after = (_spell_text(getattr(each.evidence, place.name)) for each in (old, new))
        if before != after:
            yield Change(place=place.name, old=before, new=after)
    for one, other in _align_steps(old, new):
        seen = [_canonicalize(Step, each.steps[i - 1])["evidence"] for each, i in ((old, one), (new, other))]
        if seen[0] != seen[1]:
            yield Change(
                place=f"bindings of step {other}", old=_spell_text(seen[0]), new=_spell_text(seen[1])
            )
        guards = [each.steps[i - 1].guard for each, i in ((old, one), (new, other))]
        if (
            all(guards)
            and (proofs := [_spell_text(_encode_proof(guard)) for guard in guards])[0] != proofs[1]
        ):
            yield Change(place=f"guard of step {other}", old=proofs[0], new=proofs[1])
        uses = [_canonicalize(Step, each.steps[i - 1])["hide"] for each, i in ((old, one), (new, other))]
        if uses[0] != uses[1]:
            yield Change(place=f"uses of step {other}", old=_spell_text(uses[0]), new=_spell_text(uses[1]))


def _compare_by_key(kind: str, old: Mapping[str, Any], new: Mapping[str, Any], told: Any) -> Iterator[Change]:
    """The entries that differ, in the order of the old, then of the new."""
    for key in dict.fromkeys([*old, *new]):
        (before, canonical), (after, other) = (
            told(each[key]) if key in each else ("", None) for each in (old, new)
        )
        if canonical != other:
            yield Change(place=f"{kind} {key}", old=before, new=after)


def _describe_binding(binding: Binding) -> tuple[str, str]:
    return format_binding(binding), _spell_text(_canonicalize(Binding, binding))


def _describe_parameter(spec: ParameterSpec) -> tuple[str, str]:
    meant = f", {_spell_text(list(spec.meant))} are meant" if spec.meant else ""
    canonical = f"{'required' if spec.required else 'optional'} {_spell_text(spec.schema)}{meant}"
    return f"{'required' if spec.required else 'optional'}: {_describe_schema(spec.schema)}{meant}", canonical


def _describe_schema(schema: Mapping[str, Any]) -> str:
    """A JSON Schema as a reader takes it in: its type, what it may be, what it is."""
    kinds = schema.get("type", "anything")
    kind = " or ".join(map(str, kinds)) if isinstance(kinds, list) else str(kinds)
    items = schema.get("items")
    kind += f" of {_describe_schema(items)}" if isinstance(items, dict) else ""
    rest = {
        key: value for key, value in schema.items() if key not in {"type", "items", "description", "title"}
    }
    said = "".join(f", {key} {_spell_text(value)}" for key, value in rest.items())
    return f"{kind}{said}" + (f", {schema['description']!r}" if schema.get("description") else "")


def _describe_signature(signature: ToolSignature) -> tuple[str, str]:
    canonical = _canonicalize(ToolSignature, signature)
    known = f"{signature.effect}, from {signature.source} {signature.digest}".rstrip()
    members = signature.parameters.get("properties")
    required = signature.parameters.get("required")
    needed = required if isinstance(required, list) else []
    told = ", ".join(
        f"{name}{'' if name in needed else '?'}: {_describe_schema(each) if isinstance(each, dict) else each}"
        for name, each in (members.items() if isinstance(members, dict) else ())
    )
    return f"{known}: ({told})", _spell_text(canonical)


def _canonicalize(kind: Any, value: Any) -> Any:
    """Plain data that tells 1, 1.0 and true apart, which `==` does not once it is text."""
    return get_adapter(kind).dump_python(value, mode="json")


def _spell_text(value: Any) -> str:
    return spell_out(value)
