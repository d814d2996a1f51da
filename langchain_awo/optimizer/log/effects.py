"""What each tool does to the world: declared, else told by its name, description and hints; suspicion can only rise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from langchain_awo.model.trace.effect import Effect, find_most_suspicious
from langchain_awo.model.trace.hints import infer_effect
from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.optimizer.log.effect_descriptions import Told, read_description
from langchain_awo.optimizer.log.effect_names import read_name, with_namespaces


def classify_effect(
    spec: ToolSpec, declared: Mapping[str, Effect] | None = None, *, read_as: str | None = None
) -> Effect:
    """Effect class of a tool.

    Args:
        spec: name, description and hints.
        declared: what the user says.
        read_as: the name as the names of the other tools show that it is meant.

    The user's declaration is the last word. Otherwise name, description and hints are all asked, and the worst that any of
    them says counts. A tool is a read only if its name or its description says so: a hint alone is never believed, and
    bears out no more than a description that names a thing (`The parcels of a person.`).

    >>> classify_effect(ToolSpec(name="orders.get_order")), classify_effect(ToolSpec(name="frobnicate"))
    (<Effect.READ: 'read'>, <Effect.UNKNOWN: 'unknown'>)
    >>> classify_effect(ToolSpec(name="wire_funds", hints={"readOnlyHint": True}))
    <Effect.WRITE: 'write'>
    """
    if declared and spec.name in declared:
        return declared[spec.name]
    named, described = read_name(read_as or spec.name), read_description(spec.description)
    hinted = infer_effect(spec.hints)
    effects = [
        effect for effect in (named, _weigh_description(described, named), hinted) if effect is not None
    ]
    if hinted is Effect.READ and not _is_borne_out(named, described):
        effects = [effect for effect in effects if effect is not Effect.READ]
    return find_most_suspicious(effects) if effects else Effect.UNKNOWN


def _weigh_description(described: Told, named: Effect | None) -> Effect | None:
    """What a description adds: a mild word in it does not make a plain write destructive."""
    mild = described.is_mild and named in (Effect.WRITE, Effect.IDEMPOTENT)
    return Effect.WRITE if mild and described.effect is Effect.DESTRUCTIVE else described.effect


def _is_borne_out(named: Effect | None, described: Told) -> bool:
    """Whether anything but a hint speaks of reading."""
    return Effect.READ in (named, described.effect) or described.is_thing


def classify_effects(
    specs: Iterable[ToolSpec], declared: Mapping[str, Effect] | None = None
) -> dict[str, Effect]:
    """Effect class of each tool; specifications of one name that disagree give the more suspicious one."""
    all_specs = list(specs)
    meant = with_namespaces({spec.name for spec in all_specs})
    effects: dict[str, Effect] = {}
    for spec in all_specs:
        effect = classify_effect(spec, declared, read_as=meant.get(spec.name))
        effects[spec.name] = find_most_suspicious((effects.get(spec.name, effect), effect))
    return effects
