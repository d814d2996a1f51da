"""Checks of what a toolkit is made of, loaded with and told to decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from langchain_core.tools import BaseTool

from langchain_awo.errors import ArgumentError
from langchain_awo.model.ir.argument_checks import check_effects, check_known_tools, describe_kind
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.ir.option_kinds import (
    FLAG,
    KEY,
    MAPPING,
    TEXT,
    Kind,
    check_option_names,
    check_options,
    instance_of,
)
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.outcome import Limits

_KINDS: Final = {
    "plan": instance_of(
        ToolkitPlan, fix="pass toolkit.plan, or write MetaToolkit.load('toolkit.json', tools=tools)"
    ),
    "tools": Kind(lambda _: True, ""),
    "limits": instance_of(Limits, fix="pass Limits(...)"),
    "effects": Kind(
        lambda value: value is not None and check_effects(value) is not None, "write what each tool does"
    ),
    "believed": FLAG,
    "disabled": MAPPING,
    "where": TEXT,
    "memory": instance_of(RunMemory, fix="pass the RunMemory of another toolkit"),
}


def check_toolkit(given: Mapping[str, object]) -> None:
    """Makes sure that a toolkit is made of what it takes; `tools` are looked at where they are made.

    Raises:
        ArgumentError: there is no such option, or its value is of another kind.
    """
    check_option_names(given, _KINDS, of="MetaToolkit")
    check_options({name: kind for name, kind in _KINDS.items() if name in given}, given)


def check_loading(**given: object) -> None:
    """Makes sure that a toolkit is loaded with what `MetaToolkit.load` takes.

    Raises:
        ArgumentError: the value of an option is of another kind.
    """
    check_options({"limits": _KINDS["limits"].optional, "key": KEY.optional, "strict": FLAG}, given)


def check_decision(names: Iterable[object], **texts: object) -> None:
    """Makes sure that what is decided about is named by texts, and that what is said of it are texts.

    Raises:
        ArgumentError: something is not.
    """
    for name in names:
        if not isinstance(name, str):
            raise ArgumentError(f"a name is {describe_kind(name)}; write each as text: ('one', 'other')")
    check_options(dict.fromkeys(texts, TEXT), texts)


def check_declared(effects: Any, plan: ToolkitPlan, live: Sequence[BaseTool]) -> dict[str, Effect]:
    """Declared effects, all of tools that exist.

    Raises:
        ArgumentError: there is no such tool, or no such effect.
    """
    declared = check_effects(effects)
    if live:
        check_known_tools(declared, {*(tool.name for tool in live), *plan.tools}, option="effects")
    return declared
