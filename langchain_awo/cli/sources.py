"""What the verbs read: traces, with everything that is skipped reported, and live tools."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from langchain_awo.cli.config import read_config
from langchain_awo.cli.terminal import counted, say, waiting
from langchain_awo.errors import AwoError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.tools import BaseTool

    from langchain_awo.model.trace import Trace


def read_traces(source: str, *, domain: str | None, model: str | None) -> list[Trace]:
    """The traces of a store, or of runs that something else recorded; what is skipped is reported on stderr, then counted.

    Raises:
        StoreError: there is no such store, or it cannot be read.
        ImportFormatError: it is neither a store nor runs in a known format.
    """
    from langchain_awo.api import load_traces

    skipped = 0

    def report(problem: object) -> None:
        nonlocal skipped
        skipped += 1
        say(f"skipped {problem}", style="yellow")

    with waiting(f"reading {source}"):
        traces = load_traces(source, on_skipped=report)
    if skipped:
        say(f"{counted(skipped, 'record')} of {source} skipped, {counted(len(traces), 'trace')} read")
    kept = [trace for trace in traces if domain in (None, trace.domain) and model in (None, trace.model)]
    if reason := _why_none(source, traces, kept, domain=domain, model=model):
        say(reason, style="yellow")
    return kept


def _why_none(
    source: str, traces: Sequence[Trace], kept: Sequence[Trace], *, domain: str | None, model: str | None
) -> str:
    if not traces:
        return f"{source} holds no traces; record an agent into it first"
    if not kept:
        asked = [f"{name} {value!r}" for name, value in (("domain", domain), ("model", model)) if value]
        domains = ", ".join(sorted({repr(trace.domain) for trace in traces}))
        models = ", ".join(sorted({repr(trace.model) for trace in traces}))
        return (
            f"no trace of {source} has {' and '.join(asked)}; its domains are {domains}, its models {models}"
        )
    if not any(call.model_call is not None for trace in kept for call in trace.tool_calls):
        return f"in {counted(len(kept), 'trace')} no model called a tool, so there is no routine to find"
    return ""


def live_tools(reference: str | None) -> list[BaseTool]:
    """The tools that `module:attribute` names: a list, a toolkit, or a function that returns one of these.

    Modules are looked for in the current folder first. Importing runs their code, so what is imported from where is said.
    """
    if reference is None:
        return []
    module_name, colon, attribute = reference.partition(":")
    if not (module_name and colon and attribute):
        raise _bad_tools(reference, "write it as module:attribute, such as shop.tools:TOOLS")
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        _tell_import(reference, module_name)
        value: Any = getattr(import_module(module_name), attribute)
        value = value() if callable(value) and not hasattr(value, "get_tools") else value
        return _checked(reference, value.get_tools() if hasattr(value, "get_tools") else value)
    except typer.BadParameter:
        raise
    except Exception as error:
        raise _bad_tools(reference, f"{type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(folder)


def _tell_import(reference: str, module_name: str) -> None:
    """Says what will be imported, from where and why, before any of its code runs."""
    config = read_config(Path.cwd())
    spec = find_spec(module_name.partition(".")[0])
    origin = (spec and (spec.origin or next(iter(spec.submodule_search_locations or ()), None))) or "nowhere"
    asked = config.where if config.values.get("tools") == reference else "--tools"
    say(f"importing {module_name} from {origin}, as {asked} says")


def _checked(reference: str, value: object) -> list[BaseTool]:
    from langchain_awo.runtime.live_tools import as_tools

    if not isinstance(value, Iterable):
        raise _bad_tools(reference, f"it is {type(value).__name__}, not a list of tools")
    try:
        return as_tools(value)
    except AwoError as error:
        raise _bad_tools(reference, str(error)) from error


def _bad_tools(reference: str, reason: str) -> typer.BadParameter:
    return typer.BadParameter(f"{reference}: {reason}", param_hint="--tools")


def chat_model(name: str, *, hint: str = "--model") -> BaseChatModel:
    """A chat model by its `provider:name`.

    Raises:
        BadParameter: the provider's package or key is missing, or there is no such model.
    """
    try:
        from langchain.chat_models import init_chat_model

        return init_chat_model(name)
    except Exception as error:  # each provider has errors of its own for a missing package or key
        raise typer.BadParameter(f"{name}: {first_line(error)}", param_hint=hint) from error


def first_line(error: Exception) -> str:
    """An error on one line, with its kind."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"
