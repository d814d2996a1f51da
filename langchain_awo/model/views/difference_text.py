"""The difference of two toolkits for a reader: old lines with `-`, new ones with `+`, as in a patch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.views.difference import Change, Changed, Difference
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.model.views.notation_layout import fit_line, lay_out


def format_difference(difference: Difference, *, width: int | None = None) -> str:
    """All that differs, one block for each meta-tool; what only has other evidence comes last.

    Args:
        width: columns that no line may be longer than, unless a word is; lines are as long as they are if not given.
    """
    return _Writer(width).write(difference)


@dataclass(frozen=True, slots=True)
class _Writer:
    width: int | None

    def write(self, difference: Difference) -> str:
        blocks = [self._whole("+", each) for each in difference.added]
        blocks += [self._whole("-", each) for each in difference.removed]
        blocks += ["\n".join(self._changed(each)) for each in difference.changed]
        if difference.tools:
            blocks.append("\n".join(["~ the tools they call", *self._changes(difference.tools)]))
        blocks += [self._evidence_only(each) for each in difference.evidence_only]
        return "\n\n".join(blocks) or "no difference"

    def _whole(self, mark: str, meta_tool: MetaTool) -> str:
        if self.width is None:
            return self._marked(mark, format_meta_tool(meta_tool))
        return self._marked(mark, lay_out(meta_tool, self.width - len(mark) - 1))

    def _changed(self, changed: Changed) -> Iterator[str]:
        yield f"~ {changed.name}"
        yield from self._changes(changed.changes)
        for step in changed.steps:
            yield from self._lines(step.old, step.new)
            for part in step.parts:
                yield self._marked("     ", f"{part.place}: {part.old or 'none'} -> {part.new or 'none'}")
        if changed.evidence:
            yield self._marked("     ", f"evidence: {_format_figures(changed.evidence)}")

    def _evidence_only(self, changed: Changed) -> str:
        return self._marked("=", f"{changed.name}, on other evidence: {_format_figures(changed.evidence)}")

    def _changes(self, changes: Sequence[Change]) -> Iterator[str]:
        for change in changes:
            yield f"    {change.place}"
            yield from self._lines(change.old, change.new)

    def _lines(self, old: str, new: str) -> Iterator[str]:
        same = old == new  # the line of a step does not show everything of it
        for mark, text in (("~", old),) if same else (("-", old), ("+", new)):
            if text:
                yield self._marked(f"  {mark}", text)

    def _marked(self, mark: str, text: str) -> str:
        lines = text.splitlines()
        if self.width is not None:
            lines = [part for line in lines for part in fit_line(line, self.width - len(mark) - 1)]
        return "\n".join(f"{mark} {line}".rstrip() for line in lines)


def _format_figures(evidence: Sequence[Change]) -> str:
    told = [
        each.place
        if each.place.startswith(("bindings", "uses")) or each.place == "mode_reason"
        else f"{each.place} {each.old} -> {each.new}"
        for each in evidence
    ]
    return ", ".join(told)
