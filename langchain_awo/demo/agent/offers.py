"""Whether to use a tool one has never seen, going by its name, its description and its parameters.

The choice is blind: the agent knows what it was about to do and what it has read so far, and nothing of what the tool will show. A tool
that reads is used if its first sentence names what the agent wants next and at least one thing it wants after that, and not too much besides.
A tool that writes is used if the agent means that very write, knows everything that the tool wants to be told, and is told the condition
that it would have checked itself. In both cases what the tool requires must be known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from langchain_awo.demo.agent.agenda import Todo, View
from langchain_awo.demo.agent.memory import AgentCall
from langchain_awo.optimizer.selection.parameters import NAMES
from langchain_awo.optimizer.selection.words import extract_object, singularize

_HARMLESS: Final = "only reads"
"""How a description says that its tool changes nothing."""

_INSTEAD: Final = "If you only need"
"""What follows names the tool to use for less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """The tools an agent knows by heart."""

    reads: frozenset[str]
    writes: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.reads | self.writes


@dataclass(frozen=True, slots=True)
class Fit:
    """An unknown tool that could be used now.

    Attributes:
        served: how many of the agent's next calls it makes.
        extra: how many further things it looks up.
    """

    call: AgentCall
    served: int
    extra: int = 0


def choose_offer(
    agenda: Sequence[Todo], offered: Iterable[Mapping[str, Any]], view: View, own: Toolbox
) -> AgentCall | None:
    """The call of the unknown tool that does most of what is left to do, if any is fit to use.

    Args:
        agenda: what is left to do, not empty.
        offered: the unknown tools, in OpenAI's function format.
        view: what is known.
        own: the tools it knows.
    """
    fits = [fit for tool in offered if (fit := _fit(tool["function"], agenda, view, own))]
    fresh = [fit for fit in fits if not view.memory.of(fit.call)]
    best = min(fresh, key=lambda fit: (fit.extra - 2 * fit.served, fit.call.tool), default=None)
    return best.call if best else None


def _fit(function: Mapping[str, Any], agenda: Sequence[Todo], view: View, own: Toolbox) -> Fit | None:
    text = function.get("description", "")
    written = [tool for tool in sorted(own.writes) if re.search(rf"\b{tool}\b", text)]
    if not written and _HARMLESS in text:
        return _fit_to_read(function, agenda, view, own)
    return _fit_to_write(function, written[0], agenda, view, own) if len(written) == 1 else None


def _fit_to_read(function: Mapping[str, Any], agenda: Sequence[Todo], view: View, own: Toolbox) -> Fit | None:
    named = _split_words(f"{function['name']} {function['description'].partition(_INSTEAD)[0]}")
    reads = list(takewhile(lambda todo: todo.want.tool in own.reads, agenda))
    meant = [todo for todo in reads if _extract_topic(todo.want.tool) <= named]
    if len(meant) < 2 or meant[0] is not agenda[0]:  # noqa: PLR2004  # one call is made as cheaply without it
        return None
    args = _fill_arguments(function, meant, view)
    wanted = {_extract_topic(todo.want.tool) for todo in meant}
    extra = {topic for tool in own.reads if (topic := _extract_topic(tool)) <= named} - wanted
    if args is None or len(extra) > len(meant):
        return None
    served = sum(len(todo.calls) if todo.calls else 1 for todo in meant)
    return Fit(AgentCall(function["name"], args), served, len(extra))


def _fit_to_write(
    function: Mapping[str, Any], write: str, agenda: Sequence[Todo], view: View, own: Toolbox
) -> Fit | None:
    reads = list(takewhile(lambda todo: todo.want.tool in own.reads, agenda))
    todo = next(iter(agenda[len(reads) :]), None)
    if todo is None or todo.want.tool != write or not reads or todo.want.each:
        return None
    text = function["description"]
    args = _fill_arguments(function, [*reads, todo], view)
    if args is None or not _is_meant(todo, text) or not _is_told(todo, [*args.values()], text, view):
        return None
    return Fit(AgentCall(function["name"], args), len(reads) + 1)


def _is_meant(todo: Todo, text: str) -> bool:
    """Whether the agent would write in any case, or on a condition that the description states."""
    when = todo.want.when
    return todo.certain or (when is not None and when.test == "equals" and _mentions(text, when.value))


def _is_told(todo: Todo, handed_over: Sequence[Any], text: str, view: View) -> bool:
    """Whether every value that the agent would choose itself is handed over or stated."""
    values = [value for arg in todo.want.args for value in view.known(todo, arg)]
    return all(value in handed_over or _mentions(text, value) for value in values)


def _mentions(text: str, value: Any) -> bool:
    return bool(re.search(rf"\b{re.escape(str(value))}\b", text))


def _fill_arguments(function: Mapping[str, Any], todos: Sequence[Todo], view: View) -> dict[str, Any] | None:
    """Values for the parameters that are known; `None` if a required one is not."""
    args: dict[str, Any] = {}
    parameters = function.get("parameters", {})
    for name, schema in parameters.get("properties", {}).items():
        values = list(dict.fromkeys(_find_values(name, todos, view)))
        if values and schema.get("type") == "array":
            args[name] = values[: schema.get("maxItems")]
        elif len(values) == 1:
            args[name] = values[0]
        elif name in parameters.get("required", ()):
            return None
    return args


def _find_values(parameter: str, todos: Sequence[Todo], view: View) -> Iterator[Any]:
    """What the agent has for a parameter: the values of the first argument that it is named after, or what it was told of by name."""
    plain = re.sub(r"_\d+$", "", parameter)
    for todo in todos:
        for arg in todo.want.args:
            if plain in {arg, f"{arg}s"} or plain.endswith(f"_{arg}"):
                values = view.known(todo, arg)
                yield from values
                if values:
                    return
    yield from (value for said, value in view.said.items() if plain in {f"{said}_{each}" for each in NAMES})


def _extract_topic(tool: str) -> frozenset[str]:
    """What a tool is about, by its name."""
    return frozenset(singularize(word) for word in extract_object(tool))


def _split_words(text: str) -> set[str]:
    return {singularize(word) for word in re.findall(r"[a-z]+", text.lower())}
