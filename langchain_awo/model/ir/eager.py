"""What continue mode runs of a routine: one meaning for mining, replay and execution."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.trimming import renumber_steps


def select_eager_part(meta_tool: MetaTool, forbidden: AbstractSet[str] = frozenset()) -> MetaTool | None:
    """The anchor and the steps to run unasked after it, or `None` if there are none.

    An eager step is only run if it reads, and if every step that it uses is run too.

    Args:
        meta_tool: the whole routine.
        forbidden: tools that are never run unasked; steps that depend on them are left out too.
    """
    if not meta_tool.steps[0].effect.is_read:
        return None
    kept = {1}
    for number, step in enumerate(meta_tool.steps[1:], start=2):
        allowed = step.eager and step.effect.is_read and step.tool not in forbidden
        if allowed and step.depends_on <= kept:
            kept.add(number)
    if len(kept) == 1:
        return None
    steps = renumber_steps({number: meta_tool.steps[number - 1] for number in sorted(kept)})
    return replace(meta_tool, steps=steps)
