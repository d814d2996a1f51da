"""The shapes of a data-flow picture: boxes with ports in columns, and arrows between them; sizes in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from langchain_awo.model.trace.effect import Effect

WIDTH: Final = 208
GAP: Final = 60
"""Pixels of a box, and between columns."""

HEAD: Final = 32
NOTED_HEAD: Final = 46
LINE: Final = 24
SPACE: Final = 30
MARGIN: Final = 14
LANE: Final = 7
"""Pixels between arrows that pass a column side by side."""


@dataclass(frozen=True, slots=True)
class Port:
    """A line of a box that arrows lead to or from.

    Attributes:
        value: what is shown behind the name where no arrow leads to it.
    """

    name: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A step, or the parameters of the meta-tool (`number` 0).

    Attributes:
        note: what is special about it, such as `once for each item`.
        text: the whole in notation.
    """

    number: int
    title: str
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    note: str = ""
    effect: Effect | None = None
    text: str = ""
    column: int = 0
    x: int = 0
    y: int = 0

    @property
    def height(self) -> int:
        """Pixels."""
        return self.head + LINE * (len(self.inputs) + len(self.outputs)) + 8

    @property
    def head(self) -> int:
        """Pixels above the first input."""
        return NOTED_HEAD if self.note else HEAD

    def input_y(self, name: str) -> int:
        """Pixels from the top of the picture to the middle of an input."""
        return self._line_y([port.name for port in self.inputs].index(name))

    def output_y(self, name: str) -> int:
        """Pixels from the top of the picture to the middle of an output."""
        return self._line_y(len(self.inputs) + [port.name for port in self.outputs].index(name))

    def _line_y(self, line: int) -> int:
        return self.y + self.head + LINE * line + LINE // 2


@dataclass(frozen=True, slots=True)
class Arrow:
    """From an output of one box to an input of a later one.

    Attributes:
        each: it carries the items of a list, one by one.
        made: how the value is changed on the way, in notation; empty if it is passed on as it is.
        passes: heights at which it passes the columns between, in pixels.
    """

    source: int
    place: str
    target: int
    argument: str
    each: bool = False
    made: str = ""
    passes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowPicture:
    """The picture of a meta-tool."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    box_width: int = WIDTH

    @property
    def width(self) -> int:
        """Pixels."""
        return max(box.x for box in self.boxes) + WIDTH + MARGIN

    @property
    def height(self) -> int:
        """Pixels."""
        lowest = [box.y + box.height for box in self.boxes]
        return max([*lowest, *(y for arrow in self.arrows for y in arrow.passes)]) + MARGIN

    def path(self, arrow: Arrow) -> str:
        """The line of an arrow, as SVG path data."""
        source, target = self._box(arrow.source), self._box(arrow.target)
        x, y = source.x + WIDTH, source.output_y(arrow.place)
        path = f"M{x},{y}"
        for passed in arrow.passes:
            path += _draw_curve(x, y, x + GAP, passed) + f" L{x + GAP + WIDTH},{passed}"
            x, y = x + GAP + WIDTH, passed
        return path + _draw_curve(x, y, target.x - 6, target.input_y(arrow.argument))

    def tip(self, arrow: Arrow) -> str:
        """The head of an arrow, as SVG path data."""
        box = self._box(arrow.target)
        x, y = box.x - 2, box.input_y(arrow.argument)
        return f"M{x - 7},{y - 4} L{x},{y} L{x - 7},{y + 4} Z"

    def _box(self, number: int) -> Box:
        return next(box for box in self.boxes if box.number == number)


def _draw_curve(x1: int, y1: int, x2: int, y2: int) -> str:
    bend = (x2 - x1) // 2
    return f" C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}"
