"""A routine of which only some steps are kept: they are numbered anew, and parameters that none of them takes are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from langchain_awo.model.ir.binding import Parameter, list_leaves
from langchain_awo.model.ir.metatool import MetaTool, Step


def renumber_steps(kept: Mapping[int, Step]) -> tuple[Step, ...]:
    """The steps that are kept, numbered anew in their order.

    Args:
        kept: by the number that each had; none refers to one that is not kept.
    """
    numbers = {old: new for new, old in enumerate(kept, start=1)}
    return tuple(step.renumbered(numbers) for step in kept.values())


def with_steps(meta_tool: MetaTool, steps: Sequence[Step]) -> MetaTool:
    """The meta-tool with other steps, and with those of its parameters that they take."""
    leaves = (leaf for step in steps for binding in step.bindings for leaf in list_leaves(binding))
    used = {leaf.name for leaf in leaves if isinstance(leaf, Parameter)}
    parameters = tuple(spec for spec in meta_tool.parameters if spec.name in used)
    return replace(meta_tool, steps=tuple(steps), parameters=parameters)
