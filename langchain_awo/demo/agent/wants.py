"""What an agent wants to do for a request: steps whose values come from the request or from what it has read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias


class AgentView(Protocol):
    """What an agent can look back at when it chooses its words."""

    @property
    def said(self) -> Mapping[str, Any]:
        """The values in the request."""

    @property
    def style(self) -> int:
        """A number that the wording goes by."""

    def found(self, step: str, path: str) -> Any:
        """A place in what the only call of a step returned."""

    def found_each(self, step: str, path: str) -> list[Any]:
        """That place in what each call of a repeated step returned."""


@dataclass(frozen=True, slots=True)
class RequestValue:
    """A value in the request."""

    name: str


@dataclass(frozen=True, slots=True)
class ConstantValue:
    """The same value for every request."""

    value: Any


@dataclass(frozen=True, slots=True)
class OutputPlace:
    """A place in what a step returned, as a pointer of `langchain_awo.model.ir.pointer`."""

    step: str
    path: str


@dataclass(frozen=True, slots=True)
class ItemPlace:
    """A place inside the item that a repeated step is done for."""

    path: str = ""


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What the agent makes up or picks out itself, once it has read what it is about."""

    compose: Callable[[AgentView], Any]


Source: TypeAlias = RequestValue | ConstantValue | OutputPlace | ItemPlace | OwnWords


@dataclass(frozen=True, slots=True)
class When:
    """A condition on something that was read; `given` means that it exists and is not null."""

    step: str
    path: str
    test: Literal["given", "equals"] = "given"
    value: Any = None


@dataclass(frozen=True, slots=True)
class Each:
    """The items a step is done for: those of a list whose member at `where` is one of `values`."""

    source: OutputPlace
    where: str | None = None
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Want:
    """One step: a call of an original tool, or one for each item.

    Attributes:
        name: what other steps call it; the tool's name if not given.
        again: it repeats an earlier step with the same arguments, so that the call of that one does not count for it.
        optional: it only looks around, and is left out once a later step was done.
    """

    tool: str
    args: Mapping[str, Source]
    each: Each | None = None
    when: When | None = None
    name: str = ""
    again: bool = False
    optional: bool = False

    @property
    def step(self) -> str:
        """What other steps call it."""
        return self.name or self.tool


@dataclass(frozen=True, slots=True)
class Recipe:
    """The steps for one request, in order; no two have one name.

    Attributes:
        answer: what the agent says when nothing is left to do.
        either_order: two reads that follow each other and do not depend on each other.
    """

    answer: Callable[[AgentView], str]
    wants: tuple[Want, ...] = ()
    either_order: tuple[str, str] | None = None
