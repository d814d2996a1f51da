"""What the verbs read: traces, with everything that is skipped reported, and live tools."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from langchain_awo.cli.config import read_config
from langchain_awo.cli.terminal import format_count, say, waiting
from langchain_awo.errors import AwoError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.tools import BaseTool

    from langchain_awo.model.trace.trace import Trace


def read_sample(source: str, *, domain: str | None, model: str | None) -> list[Trace]:
    """A fair sample of the traces, for what is measured on them; told on stderr where it is not all of them.

    Raises:
        StoreError: there is no such store, or it cannot be read.
        ImportFormatError: it is neither a store nor runs in a known format.
    """
    from langchain_awo.api.partitions import MEASURED, draw_fair_sample
    from langchain_awo.cli.reading import Reading

    reading = Reading(source, domain=domain, model=model)
    with waiting(f"reading {source}"):
        found = draw_fair_sample(source, only=reading.only, on_skipped=reading.skip, on_read=reading.note)
    reading.tell(known=0)
    if not found.is_whole:
        say(
            f"measured on {len(found.traces):,} of {format_count(found.of, 'trace')}, a fair sample of about {MEASURED.fair:,} calls"
        )
    reading.tell_unread()
    return found.traces


def explain_nothing_found(
    source: str,
    only: Mapping[str, str],
    *,
    since: float | None,
    read: int,
    kept: int,
    calls: bool,
    seen: Mapping[str, set[str]],
) -> str:
    """Why there is nothing to find in what was read, or nothing to say.

    Args:
        only: what the traces were selected by, and `since` when they must have started.
        read: how many there were, and how many were `kept`.
        calls: whether a model called a tool in any of these.
        seen: the domains and models that there were.
    """
    if not read and since is not None:
        moment = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
        return f"no trace of {source} started since {moment}"
    if not read:
        return f"{source} contains no traces; record an agent into it first"
    if not kept:
        asked = " and ".join(f"{name} {value!r}" for name, value in only.items())
        domains, models = (", ".join(sorted(map(repr, seen[name]))) for name in ("domain", "model"))
        return f"no trace of {source} has {asked}; its domains are {domains}, its models {models}"
    if not calls:
        return f"no model called a tool in {format_count(kept, 'trace')}, so there is no routine to find"
    return ""


def load_live_tools(reference: str | None) -> list[BaseTool]:
    """The tools that `module:attribute` names: a list, a toolkit, or a function that returns one of these.

    Modules are looked for in the current folder first. Importing runs their code, so what is imported from where is said.
    """
    if reference is None:
        return []
    module_name, colon, attribute = reference.partition(":")
    if not (module_name and colon and attribute):
        raise _build_tools_error(reference, "write it as module:attribute, such as shop.tools:TOOLS")
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        _tell_import(reference, module_name)
        value: Any = getattr(import_module(module_name), attribute)
        value = value() if callable(value) and not hasattr(value, "get_tools") else value
        return _check_tools(reference, value.get_tools() if hasattr(value, "get_tools") else value)
    except typer.BadParameter:
        raise
    except Exception as error:
        raise _build_tools_error(reference, f"{type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(folder)


def _tell_import(reference: str, module_name: str) -> None:
    """Says what will be imported, from where and why, before any of its code runs."""
    config = read_config(Path.cwd())
    spec = find_spec(module_name.partition(".")[0])
    origin = (spec and (spec.origin or next(iter(spec.submodule_search_locations or ()), None))) or "nowhere"
    asked = config.where if config.values.get("tools") == reference else "--tools"
    say(f"importing {module_name} from {origin}, as {asked} says")


def _check_tools(reference: str, value: object) -> list[BaseTool]:
    from langchain_awo.runtime.inner.live_tools import as_tools

    if not isinstance(value, Iterable):
        raise _build_tools_error(reference, f"it is {type(value).__name__}, not a list of tools")
    try:
        return as_tools(value)
    except AwoError as error:
        raise _build_tools_error(reference, str(error)) from error


def _build_tools_error(reference: str, reason: str) -> typer.BadParameter:
    return typer.BadParameter(f"{reference}: {reason}", param_hint="--tools")


def load_chat_model(name: str, *, hint: str = "--model") -> BaseChatModel:
    """A chat model by its `provider:name`.

    Raises:
        BadParameter: the provider's package or key is missing, or there is no such model.
    """
    try:
        from langchain.chat_models import init_chat_model

        return init_chat_model(name)
    except Exception as error:  # each provider has errors of its own for a missing package or key
        raise typer.BadParameter(f"{name}: {get_first_line(error)}", param_hint=hint) from error


def get_first_line(error: Exception) -> str:
    """An error on one line, with its kind."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"
