"""What is left to do: the wants of a recipe, looked at in the light of what is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_awo.demo.agent.memory import AgentCall, MadeCall, Memory
from langchain_awo.demo.agent.wants import (
    ConstantValue,
    ItemPlace,
    OutputPlace,
    OwnWords,
    Recipe,
    RequestValue,
    Source,
    Want,
    When,
)
from langchain_awo.model.ir.pointer import MISSING, expand, look_up


class GapError(Exception):
    """Something an agent would need is not there."""


class NotYetKnownError(GapError):
    """The call that would tell has not been made."""


class AbsentError(GapError):
    """The call was made and its output has no such place."""


class NotShownError(GapError):
    """The call was made by somebody else, who showed only a part of its output."""

    def __init__(self, want: Want, call: AgentCall) -> None:
        super().__init__(call)
        self.want = want
        self.call = call


@dataclass(frozen=True, slots=True)
class Todo:
    """A want that is not settled.

    Attributes:
        calls: those still to be made, or `None` when they depend on something not yet known.
        certain: whether its condition is known to hold.
    """

    want: Want
    calls: tuple[AgentCall, ...] | None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """A recipe in the light of what was said and what was done.

    Attributes:
        style: a number that the agent's wording goes by.
    """

    recipe: Recipe
    said: Mapping[str, Any]
    memory: Memory
    style: int = 0

    def agenda(self) -> list[Todo]:
        """What is left to do, in order; nothing once a step has failed for good."""
        if self.failure():
            return []
        try:
            todos = [self._todo(want) for want in self.recipe.wants]
        except NotShownError as gap:
            return [Todo(gap.want, (gap.call,))]
        last_settled = max((number for number, todo in enumerate(todos) if todo is None), default=-1)
        return [
            todo
            for number, todo in enumerate(todos)
            if todo and (number > last_settled or not todo.want.optional)
        ]

    def failure(self) -> str | None:
        """Why the request cannot be fulfilled, if a step failed for good."""
        for want in self.recipe.wants:
            try:
                failures = [self.memory.failure(call) for call in self.calls(want)]
            except GapError:
                continue
            if found := next((failure for failure in failures if failure), None):
                return found
        return None

    def calls(self, want: Want) -> list[AgentCall]:
        """All calls of a want, made or not.

        Raises:
            GapError: they depend on something that is not there.
        """
        items = self._items(want) if want.each else [None]
        return [
            AgentCall(want.tool, {name: self.value(source, item) for name, source in want.args.items()})
            for item in items
        ]

    def value(self, source: Source, item: Any = None) -> Any:
        """What a source stands for; raises as `calls`."""
        match source:
            case RequestValue(name=name):
                return self.said[name]
            case ConstantValue(value=value):
                return value
            case OutputPlace(step=step, path=path):
                return self.found(step, path)
            case ItemPlace(path=path):
                return look_up(item, path)
            case OwnWords(compose=compose):
                return compose(self)

    def known(self, todo: Todo, arg: str) -> list[Any]:
        """The values of an argument in the calls still to be made, as far as they are known by now."""
        if todo.calls is not None:
            return [call.args[arg] for call in todo.calls]
        source = todo.want.args[arg]
        try:
            return [] if isinstance(source, ItemPlace) else [self.value(source)]
        except GapError:
            return []

    def found(self, step: str, path: str) -> Any:
        """A place in what the only call of a step returned; raises as `calls`."""
        want = self._want(step)
        return self._read(want, self.calls(want)[0], path)

    def found_each(self, step: str, path: str) -> list[Any]:
        """That place in what each call of a repeated step returned; raises as `calls`."""
        want = self._want(step)
        return [self._read(want, call, path) for call in self.calls(want)]

    def holds(self, when: When) -> bool | None:
        """Whether a condition holds, `None` if that is not yet known."""
        try:
            value = self.found(when.step, when.path)
        except AbsentError:
            return False
        except NotYetKnownError:
            return None
        return value == when.value if when.test == "equals" else value is not None

    def _todo(self, want: Want) -> Todo | None:
        verdict = self.holds(want.when) if want.when else True
        if verdict is False:
            return None
        try:
            pending = [call for call in self.calls(want) if not self._outputs(want, call)]
        except NotYetKnownError:
            return Todo(want, None, certain=verdict is True)
        except AbsentError:
            return None
        return Todo(want, tuple(pending), certain=verdict is True) if pending else None

    def _want(self, step: str) -> Want:
        return next(want for want in self.recipe.wants if want.step == step)

    def _outputs(self, want: Want, call: AgentCall) -> list[MadeCall]:
        """Every time the call succeeded, without the one that counts for an earlier step."""
        return self.memory.outputs(call)[1 if want.again else 0 :]

    def _items(self, want: Want) -> list[Any]:
        each = want.each
        if each is None:
            return []
        items = self.found(each.source.step, each.source.path)
        if each.where is None:
            return list(items)
        if any(look_up(item, each.where) is MISSING for item in items):
            listing = self._want(each.source.step)
            raise NotShownError(listing, self.calls(listing)[0])
        return [item for item in items if look_up(item, each.where) in each.values]

    def _read(self, want: Want, call: AgentCall, path: str) -> Any:
        outputs = sorted(self._outputs(want, call), key=lambda past: not past.native)
        if not outputs:
            raise NotYetKnownError(call)
        for past in outputs:
            value = _look_up_place(past.output, path)
            if value is not MISSING:
                return value
        if any(past.native for past in outputs):
            raise AbsentError(call, path)
        raise NotShownError(want, call)


def _look_up_place(output: Any, path: str) -> Any:
    listed, star, _ = path.partition("/*")
    if star and not isinstance(look_up(output, listed), list):
        return MISSING
    return expand(output, path) if star else look_up(output, path)
