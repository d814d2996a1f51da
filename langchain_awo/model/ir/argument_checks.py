"""Checks of what callers hand in: each error names the option, what it was given, and the nearest thing that is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from langchain_awo.errors import ArgumentError
from langchain_awo.model.ir.metatool import Mode
from langchain_awo.model.text.phrasing import did_you_mean, find_nearest, join_words
from langchain_awo.model.trace.effect import Effect

SHORT = 60
"""Characters of a value that are shown in an error."""


def check_choice(value: object, choices: Iterable[str], *, option: str) -> None:
    """Makes sure that a value is one of some words.

    Raises:
        ArgumentError: it is not.
    """
    words = [str(word) for word in choices]
    if value not in words:
        listed = join_words([repr(word) for word in words], last="or")
        near = find_nearest(value, words) if isinstance(value, str) else ""
        fix = f"; did you mean {near!r}?" if near else ""
        raise ArgumentError(f"{option}={shorten_value(value)} is none of {listed}{fix}")


def check_share(value: object, *, option: str) -> None:
    """Makes sure that a value is a share.

    Raises:
        ArgumentError: it is no number between 0 and 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        percent = isinstance(value, int | float) and not isinstance(value, bool) and 1 < value <= 100  # noqa: PLR2004
        fix = f"; write {option}={value / 100:g} for {value:g} %" if percent else ""  # type: ignore[operator]
        raise ArgumentError(f"{option}={shorten_value(value)} is no share between 0 and 1{fix}")


def check_whole_number(value: object, *, option: str) -> None:
    """Makes sure that a value is an integer.

    Raises:
        ArgumentError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentError(
            f"{option}={shorten_value(value)} is {describe_kind(value)}; write a whole number"
        )


def check_not_one_text(value: object, *, option: str) -> None:
    """Makes sure that a list is no single string, which would be read letter by letter.

    Raises:
        ArgumentError: it is one.
    """
    if isinstance(value, str | bytes):
        raise ArgumentError(f"{option}={value!r} is read letter by letter; write {option}=[{value!r}]")


def check_effects(effects: object, *, option: str = "effects") -> dict[str, Effect]:
    """Effect classes by tool name, from words or effects.

    Raises:
        ArgumentError: it is no mapping, or one of the words is no effect.
    """
    if effects is None:
        return {}
    if not isinstance(effects, Mapping):
        raise ArgumentError(
            f"{option} is {describe_kind(effects)}; write what each tool does, such as {option}={{'get_order': 'read'}}"
        )
    for tool, effect in effects.items():
        check_choice(effect, Effect, option=f"{option}[{tool!r}]")
    return {str(tool): Effect(effect) for tool, effect in effects.items()}


def check_modes(mode: object, names: Iterable[str]) -> None:
    """Makes sure that a mode, or modes by name of a meta-tool, exist.

    Raises:
        ArgumentError: there is no such mode, or no such meta-tool.
    """
    words = get_args(Mode)
    if isinstance(mode, Mapping):
        check_known_tools(mode, names, option="mode", kind="meta-tool")
        for name, chosen in mode.items():
            check_choice(chosen, words, option=f"mode[{name!r}]")
    elif mode is not None:
        check_choice(mode, words, option="mode")


def check_known_tools(
    names: Iterable[str], tool_names: Iterable[str], *, option: str, kind: str = "tool"
) -> None:
    """Makes sure that tools that somebody names exist.

    Raises:
        ArgumentError: one does not, and what is said of it would mean nothing.
    """
    tools = set(tool_names)
    for name in sorted(set(names) - tools):
        raise ArgumentError(
            f"{option} names {name!r}, but there is no such {kind}; {did_you_mean(name, tools)}"
        )


def check_kind(value: Any, kind: type | tuple[type, ...], *, option: str, fix: str) -> None:
    """Makes sure that a value is of a kind.

    Raises:
        ArgumentError: it is of another one.
    """
    if not isinstance(value, kind):
        raise ArgumentError(f"{option} is {describe_kind(value)}; {fix}")


def describe_kind(value: object) -> str:
    """What to call a value in an error.

    >>> describe_kind(None), describe_kind({}), describe_kind("x")
    ('None', 'a dict', "the text 'x'")
    """
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"the text {shorten_value(value)}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def shorten_value(value: object) -> str:
    """A value as it is shown in an error, bounded."""
    text = repr(value)
    return text if len(text) <= SHORT else f"{text[:SHORT]}..."
