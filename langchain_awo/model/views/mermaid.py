"""A meta-tool as Mermaid text, which GitHub, GitLab and notebooks draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from langchain_awo.model.ir.binding import Binding, Constant, Item, Parameter, list_leaves, uses_item
from langchain_awo.model.ir.guard import list_conditions
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.text.visible import make_visible_line
from langchain_awo.model.views.notation import format_guard


def to_mermaid(meta_tool: MetaTool) -> str:
    """The steps as boxes, parameters and the flow between them as arrows; a step that may write has a thick border.

    A dashed arrow is only asked whether to go on; a box with a double border is called once for each item of a list.
    """
    return "\n".join(["flowchart LR", *(f"  {line}" for line in _generate_lines(meta_tool))])


def markdown_diagrams(meta_tools: Iterable[MetaTool]) -> str:
    """Each meta-tool as a Markdown block with its name above, to paste into a pull request."""
    return "\n\n".join(
        f"`{make_visible_line(each.name)}`\n\n```mermaid\n{to_mermaid(each)}\n```" for each in meta_tools
    )


def _generate_lines(meta_tool: MetaTool) -> Iterator[str]:
    for position, spec in enumerate(meta_tool.parameters):
        yield f'p{position}(["{_escape_text(spec.name)}"])'
    parameters = {spec.name: f"p{position}" for position, spec in enumerate(meta_tool.parameters)}
    for number, step in enumerate(meta_tool.steps, start=1):
        left, right = ("[[", "]]") if step.over else ("[", "]")
        yield f's{number}{left}"{number} {_escape_text(step.tool)}"{right}'
        yield from _draw_arrows(number, step, parameters)
    if writes := [f"s{n}" for n, step in enumerate(meta_tool.steps, start=1) if not step.effect.is_read]:
        yield "classDef write stroke-width:3px"
        yield f"class {','.join(writes)} write"


def _draw_arrows(number: int, step: Step, parameters: Mapping[str, str]) -> Iterator[str]:
    labels: dict[str, dict[str, None]] = {}
    for name, binding in _iterate_flows(step):
        for box in _find_boxes(binding, parameters):
            labels.setdefault(box, {})[name] = None
    for box, names in labels.items():
        yield f'{box} -->|"{_escape_text(", ".join(names))}"| s{number}'
    if step.guard:
        asked = {box for each in list_conditions(step.guard) for box in _find_boxes(each.source, parameters)}
        condition = _escape_text(format_guard(step.guard, step))
        yield from (f'{box} -.->|"{condition}"| s{number}' for box in sorted(asked))


def _iterate_flows(step: Step) -> Iterator[tuple[str, Binding]]:
    """What a step takes, by the names of its arguments; those of an item come with its list."""
    yield from step.args.items()
    if step.over:
        of_item = [name for name, binding in step.args.items() if uses_item(binding)]
        yield " ".join(["each", ", ".join(of_item)]).strip(), step.over.source


def _find_boxes(binding: Binding, parameters: Mapping[str, str]) -> Iterator[str]:
    """The boxes that a binding takes its values from; an item comes from its list, which has an arrow of its own."""
    for leaf in list_leaves(binding):
        match leaf:
            case Constant() | Item():
                continue
            case Parameter(name=name):
                if name in parameters:
                    yield parameters[name]
            case _:
                yield f"s{leaf.step}"


def _escape_text(text: str) -> str:
    """Text that cannot end its label."""
    return "".join(each if each.isalnum() or each in " _-.,/*=" else f"#{ord(each)};" for each in text)
