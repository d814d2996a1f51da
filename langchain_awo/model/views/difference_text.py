"""The difference of two toolkits for a reader: old lines with `-`, new ones with `+`, as in a patch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from langchain_awo.model.views.difference import Change, Changed, Difference
from langchain_awo.model.views.notation import format_meta_tool


def format_difference(difference: Difference) -> str:
    """All that differs, one block for each meta-tool; what only has other evidence comes last."""
    blocks = [_marked("+", format_meta_tool(each)) for each in difference.added]
    blocks += [_marked("-", format_meta_tool(each)) for each in difference.removed]
    blocks += ["\n".join(_changed(each)) for each in difference.changed]
    if difference.tools:
        blocks.append("\n".join(["~ the tools they call", *_changes(difference.tools)]))
    blocks += ["\n".join(_evidence_only(each)) for each in difference.evidence_only]
    return "\n\n".join(blocks) or "no difference"


def _changed(changed: Changed) -> Iterator[str]:
    yield f"~ {changed.name}"
    yield from _changes(changed.changes)
    for step in changed.steps:
        yield from _lines(step.old, step.new)
        yield from (
            f"      {part.place}: {part.old or 'none'} -> {part.new or 'none'}" for part in step.parts
        )
    if changed.evidence:
        yield f"      evidence: {_figures(changed.evidence)}"


def _evidence_only(changed: Changed) -> Iterator[str]:
    yield f"= {changed.name}, on other evidence: {_figures(changed.evidence)}"


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        yield f"    {change.place}"
        yield from _lines(change.old, change.new)


def _lines(old: str, new: str) -> Iterator[str]:
    same = old == new  # the line of a step does not show everything of it
    for mark, text in (("~", old),) if same else (("-", old), ("+", new)):
        if text:
            yield _marked(f"  {mark}", text)


def _figures(evidence: Sequence[Change]) -> str:
    told = [
        each.place
        if each.place.startswith(("bindings", "uses")) or each.place == "mode_reason"
        else f"{each.place} {each.old} -> {each.new}"
        for each in evidence
    ]
    return ", ".join(told)


def _marked(mark: str, text: str) -> str:
    return "\n".join(f"{mark} {line}".rstrip() for line in text.splitlines())
