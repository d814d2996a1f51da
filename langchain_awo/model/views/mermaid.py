"""A meta-tool as Mermaid text, which GitHub, GitLab and notebooks draw."""

from __future__ import annotations

from collections.abc import Iterator

from langchain_awo.model.ir.binding import Argument, Output, Parameter, list_leaves
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.views.notation import format_guard


def to_mermaid(meta_tool: MetaTool) -> str:
    """The steps as boxes, parameters and the flow between them as arrows; a step that may write has a thick border.

    A dashed arrow is only asked whether to go on; a box with a double border is called once for each item of a list.
    """
    return "\n".join(["flowchart LR", *(f"  {line}" for line in _lines(meta_tool))])


def _lines(meta_tool: MetaTool) -> Iterator[str]:
    for position, spec in enumerate(meta_tool.parameters):
        yield f'p{position}(["{_text(spec.name)}"])'
    parameters = {spec.name: f"p{position}" for position, spec in enumerate(meta_tool.parameters)}
    for number, step in enumerate(meta_tool.steps, start=1):
        left, right = ("[[", "]]") if step.over else ("[", "]")
        yield f's{number}{left}"{number} {_text(step.tool)}"{right}'
        yield from _arrows(number, step, parameters)
    if writes := [f"s{n}" for n, step in enumerate(meta_tool.steps, start=1) if not step.effect.is_read]:
        yield "classDef write stroke-width:3px"
        yield f"class {','.join(writes)} write"


def _arrows(number: int, step: Step, parameters: dict[str, str]) -> Iterator[str]:
    said: dict[str, list[str]] = {}
    for name, binding in step.args.items():
        for leaf in list_leaves(binding):
            if isinstance(leaf, Parameter) and leaf.name in parameters:
                said.setdefault(parameters[leaf.name], []).append(name)
            elif isinstance(leaf, Output | Argument):
                said.setdefault(f"s{leaf.step}", []).append(name)
    for leaf in list_leaves(step.over.source) if step.over else ():
        if isinstance(leaf, Output | Argument):
            said.setdefault(f"s{leaf.step}", []).append("each")
    for source, names in said.items():
        yield f'{source} -->|"{_text(", ".join(dict.fromkeys(names)))}"| s{number}'
    if step.guard:
        asked = {
            f"s{leaf.step}" for leaf in list_leaves(step.guard.source) if isinstance(leaf, Output | Argument)
        }
        yield from (
            f'{source} -.->|"{_text(format_guard(step.guard, step))}"| s{number}' for source in sorted(asked)
        )


def _text(text: str) -> str:
    """Text that cannot end its label."""
    return "".join(each if each.isalnum() or each in " _-.,/*=" else f"#{ord(each)};" for each in text)
