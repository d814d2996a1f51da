"""Merging rules: the safe defaults, the checks, and the file they are read from and written to.

A rule that would be unsound is refused with the reason: sorting or leaving out a write, collapsing writes that are not
the same write, letting a read pass the call whose output it uses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from langchain_awo.errors import RuleError
from langchain_awo.model.rules import (
    HOLE,
    Alias,
    CollapseLogin,
    CollapseRepeats,
    Commute,
    DeclareEffect,
    Ignore,
    Normalize,
    PythonRule,
    Rule,
    RuleSet,
    SelectBy,
    Trust,
    describe,
)
from langchain_awo.model.text.backtracking import repeats_inside_a_repeat
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.log.corpus import Call, Corpus
from langchain_awo.optimizer.rules.commute import read_stretches, shows_flow
from langchain_awo.optimizer.rules.prepare import apply_call_rules, build_paths

DEFAULT_RULES = RuleSet(
    (
        CollapseRepeats(of="identical", evidence="default: the world has not changed since"),
        Commute(evidence="default: reads leave the world as it is"),
    )
)
"""Safe for any tools, since effects say what is a read and data flow what needs what."""


def python_rule(function: Callable[[Call], Call | None], *, name: str = "") -> PythonRule:
    """A function from a call to the call it counts as, or `None` to leave it out, as a rule.

    The slow path: prefer a declared rule where one can say the same.
    """
    return PythonRule(function=function, name=name or getattr(function, "__name__", "python rule"))


def check_rules(rules: RuleSet | None, corpus: Corpus) -> RuleSet:
    """The rules, or the safe defaults, after all checks.

    Raises:
        RuleError: a rule that is switched on is malformed or would be unsound for this corpus.
    """
    rules = DEFAULT_RULES if rules is None else rules
    for number, rule in enumerate(rules.rules, start=1):
        if rule.on and (problem := problem_of(rule, rules, corpus)):
            raise RuleError(f"rule {number} ({describe(rule)}): {problem}")
    return rules


def problem_of(rule: Rule, rules: RuleSet, corpus: Corpus) -> str:
    """What is wrong with a rule and how to mend it, or `""`."""
    if problem := find_malformation(rule):
        return problem
    match rule:
        case Ignore(tool=tool):
            return _find_hidden_write(tool, corpus)
        case Alias():
            return _find_bad_alias(rule, rules, corpus)
        case CollapseRepeats(of="tool", tool=tool):
            return _find_merged_write(tool, corpus)
        case CollapseLogin(tools=tools):
            bad = [tool for tool in tools if _get_effect(tool, corpus) is Effect.DESTRUCTIVE]
            return f"{bad[0]} is destructive and cannot be ignored; remove it from the list" if bad else ""
        case Commute():
            return _find_wrong_order(rule, rules, corpus)
        case PythonRule():
            return _find_omitted_write(rule, corpus)
        case _:
            return ""


def find_malformation(rule: Rule) -> str:
    """What is wrong with a rule whatever the corpus, or `""`."""
    match rule:
        case Normalize(lookup=lookup) if lookup:
            return _find_bad_lookup(rule)
        case Normalize(key="", type="", pattern=""):
            return "it would replace every value; give a key, a type or a pattern"
        case Normalize(pattern=pattern):
            return _find_bad_pattern(pattern)
        case CollapseRepeats(of="tool", tool=""):
            return "it does not say of which tool; give `tool`"
        case CollapseRepeats(of="reads" | "identical", tool=tool) if tool:
            return f"`tool` has no meaning there; leave it out, or write `of: tool` for {tool} alone"
        case CollapseLogin(tools=()):
            return "it names no tool; give the calls that are the login in `tools`"
        case (
            Ignore(tool="")
            | SelectBy(tool="")
            | DeclareEffect(tool="")
            | Trust(tool="")
            | Alias(tool="")
            | Alias(to="")
        ):
            return "a tool's name is empty; give one"
        case _:
            return ""


def _find_bad_lookup(rule: Normalize) -> str:
    if not rule.key:
        return "it does not say which argument is looked up; give its name in `key`"
    if rule.type or rule.pattern or rule.replacement != HOLE:
        return "a value is looked up whole; leave out type, pattern and replacement, or make them a rule of their own"
    if not rule.lookup.startswith("/") or rule.lookup.split("/").count("*") != 1:
        return f"{rule.lookup!r} is not a pointer with one `*` for the name, such as /buttons/*/id"
    return ""


def _find_bad_pattern(pattern: str) -> str:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        return f"{pattern!r} is not a regular expression: {error}; mend it, or escape special characters"
    if pattern and compiled.match("") is not None:
        return f"{pattern!r} matches empty text, and so everywhere; use + instead of *"
    if repeats_inside_a_repeat(compiled):
        return f"{pattern!r} repeats what repeats already, which may take forever on some texts; write a+ instead of (a+)+"
    return ""


def _get_effect(tool: str, corpus: Corpus) -> Effect:
    return corpus.effects.get(tool, Effect.READ)  # a tool nobody called cannot do harm


def _find_hidden_write(tool: str, corpus: Corpus) -> str:
    effect = _get_effect(tool, corpus)
    return (
        ""
        if effect.is_read
        else f"{tool} may write ({effect}), and a routine would run past it unseen; "
        "declare it as read if it changes nothing, else remove the rule"
    )


def _find_bad_alias(rule: Alias, rules: RuleSet, corpus: Corpus) -> str:
    if rule.tool == rule.to:
        return "a tool cannot be an alias of itself; remove the rule"
    aliases = {each.tool: each.to for each in rules.active if isinstance(each, Alias)}
    seen, tool = {rule.tool}, rule.to
    while tool in aliases:
        if tool in seen:
            return f"{rule.tool} is an alias of itself through other aliases; remove one of them"
        seen.add(tool)
        tool = aliases[tool]
    mine, other = _get_effect(rule.tool, corpus), _get_effect(rule.to, corpus)
    known = rule.tool in corpus.effects and rule.to in corpus.effects
    if known and mine.is_read != other.is_read:
        return (
            f"{rule.tool} is {mine} and {rule.to} is {other}, so reads would be sorted across a write; "
            "alias only tools of one effect, or declare their effects"
        )
    return ""


def _find_merged_write(tool: str, corpus: Corpus) -> str:
    effect = _get_effect(tool, corpus)
    return (
        ""
        if effect.is_read
        else f"{tool} may write ({effect}), and several writes are not one; "
        "use `of: identical`, or declare it as read if it changes nothing"
    )


def _find_wrong_order(rule: Commute, rules: RuleSet, corpus: Corpus) -> str:
    for tool in rule.tools:
        effect = _get_effect(tool, corpus)
        if not effect.is_read:
            return (
                f"{tool} may write ({effect}), so this would sort across a write; "
                f"take {tool} off the list, or declare it as read if it changes nothing"
            )
    if not rule.tools:
        return ""  # where data flows, each call keeps its place by itself
    return _find_broken_order(rule, rules, corpus)


def _find_broken_order(rule: Commute, rules: RuleSet, corpus: Corpus) -> str:
    plain = RuleSet(tuple(each for each in rules.rules if not isinstance(each, Commute | PythonRule)))
    flows = Counter(flows_between(corpus, plain, rule.tools))
    if not flows:
        return ""
    (source, target), places = min(flows.items(), key=lambda item: (-item[1], item[0]))
    return (
        f"{target} uses what {source} returned in {places} place{'s' if places > 1 else ''}, so this would "
        f"sort past a data dependency; take {target} or {source} off the list, "
        "or let all reads commute (no `tools`), which keeps such calls in order by itself"
    )


Pair: TypeAlias = tuple[str, str]
"""Names of two tools, the earlier call first."""


def flows_between(corpus: Corpus, rules: RuleSet, tools: Sequence[str]) -> Iterator[Pair]:
    """For each pair of different tools: each place where a read uses the output of one before it, no write between."""
    wanted = frozenset(tools)
    for path in build_paths(corpus, rules):
        for reads in read_stretches(path.calls):
            stretch = [each for each in reads if each.canonical.tool in wanted]
            for index, target in enumerate(stretch):
                for source in stretch[:index]:
                    pair = (source.canonical.tool, target.canonical.tool)
                    if pair[0] != pair[1] and shows_flow(path.run, source, target):
                        yield pair


def _find_omitted_write(rule: PythonRule, corpus: Corpus) -> str:
    alone = RuleSet((rule,))
    seen = {
        id(item.call)
        for _, segments in apply_call_rules(corpus, alone)
        for items in segments
        for item in items
    }
    for _, segment in corpus.segments():
        for call in (call for current in segment.rounds for call in current.calls):
            if call.ok and not call.effect.is_read and id(call) not in seen:
                return (
                    f"it leaves out {call.tool}, which may write ({call.effect}); return such calls unchanged"
                )
    return ""
