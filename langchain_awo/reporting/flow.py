"""How values flow through a meta-tool: its steps as boxes in columns, arrows from where a value is made to where it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from langchain_awo.model.ir.binding import Argument, Binding, Item, Output, Parameter, list_leaves
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.views.notation import format_binding, format_guard, format_step
from langchain_awo.reporting.flow_routes import route
from langchain_awo.reporting.flow_shapes import GAP, MARGIN, SPACE, WIDTH, Arrow, Box, FlowPicture, Port


def draw_flow(meta_tool: MetaTool) -> FlowPicture:
    """The picture of a meta-tool: parameters on the left, each step to the right of all it uses.

    Args:
        meta_tool: with at least one step.
    """
    arrows = tuple(
        arrow for number, step in enumerate(meta_tool.steps, start=1) for arrow in _find_arrows(number, step)
    )
    boxes = [_build_step_box(number, step, arrows) for number, step in enumerate(meta_tool.steps, start=1)]
    if meta_tool.parameters:
        boxes.insert(0, _build_parameter_box(meta_tool, arrows))
    placed = tuple(_place_boxes(boxes, arrows))
    return FlowPicture(placed, tuple(route(arrows, placed)))


Source: TypeAlias = tuple[str, Binding]
"""An argument, or what else a step reads, and where it comes from."""

EACH: Final = "for each"
"""The input of a mapped step that takes its list."""

IF: Final = "if"
"""The input of a step that takes what its guard tests."""


def _iterate_sources(step: Step) -> Iterator[Source]:
    if step.over:
        yield EACH, step.over.source
    if step.guard and not _tests_an_argument(step):
        yield IF, step.guard.source
    yield from step.args.items()


def _tests_an_argument(step: Step) -> bool:
    """Whether the guard only asks for what an argument brings anyway."""
    return step.guard is not None and step.guard.test == "given" and step.guard.source in step.args.values()


def _find_arrows(number: int, step: Step) -> Iterator[Arrow]:
    seen: set[tuple[int, str, str]] = set()
    for argument, binding in _iterate_sources(step):
        simple = isinstance(binding, Output | Argument | Parameter)
        made = "" if simple else format_binding(binding, step)
        for leaf in list_leaves(binding):
            place = _locate_source(leaf)
            if place and (*place, argument) not in seen:
                seen.add((*place, argument))
                yield Arrow(place[0], place[1], number, argument, each=argument == EACH, made=made)


def _locate_source(leaf: Binding) -> tuple[int, str] | None:
    match leaf:
        case Parameter(name=name, path=path):
            return 0, f"{name}{path}"
        case Output(step=step, path=path):
            return step, path or "output"
        case Argument(step=step, path=path):
            return step, f"args{path}"
        case _:
            return None


def _build_step_box(number: int, step: Step, arrows: Sequence[Arrow]) -> Box:
    fed = {arrow.argument for arrow in arrows if arrow.target == number}
    inputs = [
        Port(name, _describe_input(name, binding, step, fed)) for name, binding in _iterate_sources(step)
    ]
    places = dict.fromkeys(arrow.place for arrow in arrows if arrow.source == number)
    return Box(
        number=number,
        title=step.tool,
        inputs=tuple(inputs),
        outputs=tuple(Port(place) for place in places),
        note=_describe_conditions(step),
        effect=step.effect,
        text=format_step(step),
    )


def _describe_input(name: str, binding: Binding, step: Step, fed: set[str]) -> str:
    """What stands behind an input: a value no arrow brings, an item, or how the value is made."""
    if isinstance(binding, Item):
        return f"item{binding.path}"
    simple = isinstance(binding, Output | Argument | Parameter)
    return "" if simple and name in fed else format_binding(binding, step)


def _describe_conditions(step: Step) -> str:
    parts = [f"each item, at most {step.over.limit}"] if step.over else []
    if step.guard:
        stop = "" if step.guard.otherwise == "skip" else "else stop, "
        parts.append(f"{stop}if {format_guard(step.guard, step)}")
    return "; ".join(parts)


def _build_parameter_box(meta_tool: MetaTool, arrows: Sequence[Arrow]) -> Box:
    used = dict.fromkeys(arrow.place for arrow in arrows if arrow.source == 0)
    optional = {spec.name for spec in meta_tool.parameters if not spec.required}
    named = dict.fromkeys([*(spec.name for spec in meta_tool.parameters), *used])
    shown = [name for name in named if name in used or not any(each.startswith(f"{name}/") for each in used)]
    return Box(
        number=0,
        title="parameters",
        outputs=tuple(Port(name, "?" if name in optional else "") for name in shown),
        text="what the caller passes",
    )


def _place_boxes(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> Iterator[Box]:
    columns = _assign_columns(boxes, arrows)
    below: dict[int, int] = {}
    for box in boxes:
        column = columns[box.number]
        top = below.get(column, MARGIN)
        yield replace(box, column=column, x=MARGIN + column * (WIDTH + GAP), y=top)
        below[column] = top + box.height + SPACE


def _assign_columns(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> Mapping[int, int]:
    """Each box one column to the right of the last that it uses."""
    columns: dict[int, int] = {}
    for box in boxes:
        used = [columns[arrow.source] for arrow in arrows if arrow.target == box.number]
        columns[box.number] = max(used, default=-1) + 1
    return columns
