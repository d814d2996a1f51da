"""Where in earlier outputs and arguments a value stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from langchain_awo.model.ir.binding import Argument, Binding, Frame, Item, Output, Template, Transform
from langchain_awo.model.ir.pointer import ENTRIES, escape, split_list
from langchain_awo.model.ir.transform import TransformName
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.named_members import DATA_KEY, find_naming_objects
from langchain_awo.optimizer.dataflow.value_index import ITSELF, Likeness, Wanted

MAX_LEAVES: Final = 20_000
"""Leaves of one output that are looked at; outputs beyond that are lists of the same thing."""

MAX_COLUMNS: Final = 30
"""Longer lists are no rows."""

Segment: TypeAlias = str | int


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One place, or each element of a list.

    Attributes:
        path: pointer; with `*` it stands for each element.
        transform: what makes the argument of the value there, empty for the value itself.
        prefix: fixed text before it, and `suffix` after it.
        whole: the argument is the list of all that `*` stands for, not one of them.
    """

    kind: Literal["output", "argument"]
    step: int
    path: str
    transform: str = ""
    option: str = ""
    prefix: str = ""
    suffix: str = ""
    whole: bool = False

    @property
    def is_list(self) -> bool:
        """Whether it stands for each element of a list."""
        return "*" in self.path and not self.whole

    @property
    def is_plain(self) -> bool:
        """Whether the argument is the very value that stands there."""
        return not (self.transform or self.prefix or self.suffix)

    @property
    def has_position(self) -> bool:
        """Whether it takes what happens to stand at one position of a list."""
        return bool(self.positions)

    @property
    def positions(self) -> tuple[str, ...]:
        """The positions in lists that it takes."""
        return tuple(list_positions(self.path))

    @property
    def list_path(self) -> str:
        """Path of the elements: up to and including the last segment with a `*`."""
        return split_list(self.path)[0]

    def binding(self) -> Binding:
        """The binding that reads this place; for an element, inside a map over its list."""
        if self.is_list:
            source: Binding = Item(path=self.path[len(self.list_path) :])
        elif self.kind == "output":
            source = Output(step=self.step, path=self.path)
        else:
            source = Argument(step=self.step, path=self.path)
        if self.transform:
            name: TransformName = self.transform  # type: ignore[assignment]  # made by `Wanted.hits`
            source = Transform(name=name, source=source, option=self.option)
        if self.prefix or self.suffix:
            source = Template(prefix=self.prefix, source=source, suffix=self.suffix)
        return source


def list_positions(path: str) -> Iterator[str]:
    """The positions in lists that a pointer takes; the number of a column, right after each row, is none.

    >>> list(list_positions("/orders/0/id")), list(list_positions("/orders/*/0"))
    (['0'], [])
    """
    segments = path.split("/")
    for before, segment in pairwise(segments):
        if before != "*" and segment.lstrip("-").isdigit():
            yield segment


def find_places(frame: Frame, wanted: Mapping[str, JSONValue]) -> Iterator[tuple[str, Place]]:
    """Every place in a frame that holds one of the wanted values, itself or after a simple transform.

    Args:
        wanted: the values by their `value_key`, scalars or not.

    Yields:
        The key of a wanted value and a place; elements of lists both as themselves (the first and the last) and as
        "each element".
    """
    index = Wanted(wanted)
    for step in sorted(frame.arguments.keys() | frame.outputs.keys()):
        yield from find_places_in(step, frame, index)


def find_places_in(step: int, frame: Frame, index: Wanted) -> Iterator[tuple[str, Place]]:
    """The same for one step of a frame, for values that were indexed before."""
    for path, value in _iterate_nodes(frame.arguments.get(step)) if step in frame.arguments else ():
        for key, likeness in _find_hits(value, index):
            yield key, _build_place("argument", step, _build_pointer(path), likeness)
    if step not in frame.outputs:
        return
    output = frame.outputs[step]
    for path, value in _iterate_nodes(output):
        for key, likeness in _find_hits(value, index):
            for pointer in _generate_pointers(path, output):
                yield key, _build_place("output", step, pointer, likeness)
    yield from _find_entries(step, output, index)
    if index.has_lists:
        yield from _find_columns(step, output, index)


def _build_place(kind: Literal["output", "argument"], step: int, path: str, likeness: Likeness) -> Place:
    return Place(kind, step, path, likeness.transform, likeness.option, likeness.prefix, likeness.suffix)


def _find_hits(value: JSONValue, wanted: Wanted) -> Iterator[tuple[str, Likeness]]:
    if isinstance(value, dict | list):
        key = wanted.containers(value)
        return iter([(key, ITSELF)] if key is not None else [])
    return wanted.hits(value)


def _find_entries(step: int, output: JSONValue, wanted: Wanted) -> Iterator[tuple[str, Place]]:
    """The keys of objects whose keys name things, and what stands under these, each as a place in every entry."""
    for path, named in find_naming_objects(output):
        entries = f"{_build_starred_pointer(path)}/{ENTRIES}"
        for name in named:
            for key, likeness in wanted.hits(name):
                yield key, _build_place("output", step, f"{entries}/key", likeness)
        if not any(map(_is_many, path)) and (key_of_all := wanted.containers(list(named))) is not None:
            yield key_of_all, Place("output", step, f"{entries}/key", whole=True)
        for member in (member for name, member in named.items() if not _is_many(name)):
            for inside, value in _iterate_nodes(member):
                if not (isinstance(value, dict | list) or any(map(_is_many, inside))):
                    for key, likeness in wanted.hits(value):
                        place = f"{entries}/value{_build_pointer(inside)}"
                        yield key, _build_place("output", step, place, likeness)


def _find_columns(step: int, output: JSONValue, wanted: Wanted) -> Iterator[tuple[str, Place]]:
    """Lists made of the same place in every element."""
    for pointer, values in _collect_columns(output).items():
        if (key := wanted.containers(values)) is not None:
            yield key, Place("output", step, pointer, whole=True)


def find_longer_lists(step: int, frame: Frame, index: Wanted) -> Iterator[tuple[str, Place]]:
    """The lists in the output of a step of which a wanted list of texts is a part."""
    output = frame.outputs.get(step)
    if not index.has_name_lists or not isinstance(output, dict | list):
        return
    for pointer, values in _collect_columns(output).items():
        for key in index.parts_of(values):
            yield key, Place("output", step, pointer, whole=True)
            whole = pointer.removesuffix("/*")
            if whole and "*" not in whole:
                yield key, Place("output", step, whole)
    for path, named in find_naming_objects(output):
        if not any(map(_is_many, path)):
            for key in index.parts_of(list(named)):
                yield key, Place("output", step, f"{_build_pointer(path)}/{ENTRIES}/key", whole=True)


def _collect_columns(output: JSONValue) -> dict[str, list[JSONValue]]:
    """By pointer with `*`, the scalars that stand there."""
    columns: defaultdict[str, list[JSONValue]] = defaultdict(list)
    for path, value in _iterate_nodes(output):
        if not isinstance(value, dict | list) and any(map(_is_many, path)):
            columns[_build_starred_pointer(path)].append(value)
            if column := _build_column_pointer(path, output):
                columns[column].append(value)
    return columns


def _iterate_nodes(value: JSONValue) -> Iterator[tuple[tuple[Segment, ...], JSONValue]]:
    """Scalars, objects and lists with their paths, the root only if it is a scalar; at most `MAX_LEAVES` scalars."""
    stack: list[tuple[tuple[Segment, ...], JSONValue]] = [((), value)]
    count = 0
    while stack and count < MAX_LEAVES:
        path, current = stack.pop()
        if isinstance(current, dict | list) and path:
            yield path, current
        if isinstance(current, dict):
            stack.extend(((*path, key), member) for key, member in reversed(current.items()))
        elif isinstance(current, list):
            stack.extend(((*path, i), element) for i, element in reversed(list(enumerate(current))))
        else:
            count += 1
            yield path, current


def _build_pointer(path: tuple[Segment, ...]) -> str:
    return "".join(f"/{segment if isinstance(segment, int) else escape(segment)}" for segment in path)


def _generate_pointers(path: tuple[Segment, ...], document: JSONValue) -> Iterator[str]:
    """The pointers under which a leaf can be named: exactly, as the last element, as each element, as a column of rows."""
    many = [_is_many(segment) for segment in path]
    indices = [segment for segment in path if isinstance(segment, int)]
    keyed = any(flag and isinstance(segment, str) for flag, segment in zip(many, path, strict=True))
    if not keyed and all(index == 0 for index in indices):
        yield _build_pointer(path)
    column = _build_column_pointer(path, document)
    if column:
        yield column
    if any(many) and not (column and _has_kinds(_get_parent(path, document))):
        yield _build_starred_pointer(path)
    if len(indices) == 1 and not keyed and _is_last(path, document):
        yield "".join(f"/{-1 if isinstance(segment, int) else escape(segment)}" for segment in path)


def _is_many(segment: Segment) -> bool:
    """Whether a segment tells elements apart: an index, or a key that is itself data."""
    return isinstance(segment, int) or bool(DATA_KEY.search(segment))


def _build_starred_pointer(path: tuple[Segment, ...]) -> str:
    return "".join("/*" if _is_many(segment) else f"/{escape(str(segment))}" for segment in path)


def _build_column_pointer(path: tuple[Segment, ...], document: JSONValue) -> str:
    """The same place in each row, where a list of lists of one length holds the leaf; empty elsewhere.

    >>> _build_column_pointer((1, 0), [["R1", "Porto"], ["R2", "Rome"]])
    '/*/0'
    """
    if len(path) < 2 or not isinstance(path[-1], int) or not isinstance(path[-2], int):  # noqa: PLR2004
        return ""
    row = _get_parent(path, document)
    first = _get_parent((*path[:-2], 0, path[-1]), document)
    if not isinstance(first, list) or not 2 <= len(row) == len(first) <= MAX_COLUMNS:  # noqa: PLR2004
        return ""
    return f"{_build_starred_pointer(path[:-1])}/{path[-1]}"


def _has_kinds(row: list[JSONValue]) -> bool:
    """Whether the elements are of several kinds, so that nobody means each of them alike."""
    return len({type(element) for element in row}) > 1


def _get_parent(path: tuple[Segment, ...], document: JSONValue) -> JSONValue:
    value = document
    for segment in path[:-1]:
        value = value[segment]
    return value


def _is_last(path: tuple[Segment, ...], document: JSONValue) -> bool:
    value = document
    for segment in path:
        if isinstance(segment, int):
            return bool(segment) and segment == len(value) - 1
        value = value[segment]
    return False
