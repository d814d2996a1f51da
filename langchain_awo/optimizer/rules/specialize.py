"""Tells the actions of one tool apart, where a `select` rule says which arguments tell them apart.

A tool such as `click(id)` does everything there is to do on a page; a routine of clicks is one only if it says what is
clicked. So the calls of the tool count as calls of several tools, one for each action, while routines are mined, and as
calls of the tool again in what is compiled.

before (`select click by id`, `normalize click, key id, lookup /buttons/*/id`)::

    click(id="e41")         click(id="e73")          (`Search` and `Pay` on their pages)

after::

    click_search(id="e41")  click_pay(id="e73")
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.model.ir.binding import Binding, Constant, Parameter
from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.trimming import with_steps
from langchain_awo.model.rules import RuleSet, SelectBy
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.log.corpus import Call, Corpus, Round, Run, Segment
from langchain_awo.optimizer.rules.canonicalize import canonicalize_call
from langchain_awo.optimizer.rules.prepare import apply_call_rules

MAX_NAME: Final = 40
"""Of an action; it becomes part of longer names."""


@dataclass(frozen=True, slots=True)
class Specialized:
    """A corpus in which the actions of a tool have names of their own.

    Attributes:
        tools: the real tool of each action, by the action's name.
        chosen: by the action's name, the arguments that select it, where all its calls pass the same value.
    """

    corpus: Corpus
    tools: Mapping[str, str]
    chosen: Mapping[str, Mapping[str, JSONValue]] = field(default_factory=dict)

    def pinned(self, meta_tool: MetaTool) -> MetaTool:
        """The meta-tool with a fixed value where its first step's action is selected by one; nobody can say another."""
        first, *later = meta_tool.steps
        fixed: dict[str, Binding] = {
            name: Constant(value=value)
            for name, value in self.chosen.get(first.tool, {}).items()
            if isinstance(first.args.get(name), Parameter)
        }
        steps = (replace(first, args={**first.args, **fixed}), *later)
        return with_steps(meta_tool, steps) if fixed else meta_tool

    def generalized(self, meta_tool: MetaTool) -> MetaTool:
        """The meta-tool with the real tools in its steps; its name and description still say which actions."""
        steps = (replace(step, tool=self.tools.get(step.tool, step.tool)) for step in meta_tool.steps)
        return replace(meta_tool, steps=tuple(steps))

    def actions_of(self, tools: Iterable[str]) -> frozenset[str]:
        """The tools and all of their actions."""
        named = frozenset(tools)
        return named | {action for action, tool in self.tools.items() if tool in named}


def specialize(
    corpus: Corpus, rules: RuleSet, *, declared: Mapping[str, Effect] | None = None
) -> Specialized:
    """The corpus with a tool for each action that `select` rules tell apart.

    Args:
        corpus: what was recorded.
        rules: checked ones; without a `select` rule nothing changes.
        declared: effects by name; an action that is not in it has the effect of its tool.
    """
    keys = {rule.tool: rule.keys for rule in rules.active if isinstance(rule, SelectBy) and rule.keys}
    if not keys.keys() & corpus.specs.keys():
        return Specialized(corpus, {})
    seen = dict(_determine_actions(corpus, rules, keys))
    names = _assign_names(set(seen.values()), corpus)
    effects = {
        name: (declared or {}).get(name, corpus.effects.get(call.tool, Effect.UNKNOWN))
        for call, name in names.items()
    }
    renamed = {call: names[action] for call, action in seen.items()}
    specs = {name: replace(corpus.specs[call.tool], name=name) for call, name in names.items()}
    specialized = Corpus(
        runs=tuple(_rename_run(run, renamed, effects) for run in corpus.runs),
        specs=dict(sorted({**corpus.specs, **specs}.items())),
        effects={**corpus.effects, **effects},
        trusted=corpus.trusted | {name for call, name in names.items() if call.tool in corpus.trusted},
    )
    tools = {name: call.tool for call, name in names.items()}
    return Specialized(specialized, tools, _find_agreed_selectors(specialized, tools, keys))


def _determine_actions(
    corpus: Corpus, rules: RuleSet, keys: Mapping[str, tuple[str, ...]]
) -> Iterable[tuple[int, CanonicalCall]]:
    """What each call of the tools counts as, by the call's identity, if anything tells it apart."""
    for _, segments in apply_call_rules(corpus, rules):
        for item in (item for items in segments for item in items):
            tool = item.call.tool
            if tool in keys:
                action = canonicalize_call(tool, item.seen.args, keys[tool])
                if action.selectors:
                    yield id(item.call), action


def _find_agreed_selectors(
    corpus: Corpus, tools: Mapping[str, str], keys: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, JSONValue]]:
    """The selecting arguments of each action, where all of its calls agree on the value."""
    seen: dict[str, dict[str, dict[str, JSONValue]]] = {}
    for _, segment in corpus.segments():
        for call in (call for each in segment.rounds for call in each.calls if call.tool in tools):
            for key in keys[tools[call.tool]]:
                values = seen.setdefault(call.tool, {}).setdefault(key, {})
                values[dumps(call.args.get(key))] = call.args.get(key)
    return {
        action: {key: value for key, found in args.items() if len(found) == 1 for value in found.values()}
        for action, args in seen.items()
    }


def _assign_names(actions: Iterable[CanonicalCall], corpus: Corpus) -> dict[CanonicalCall, str]:
    """A name for each action, such as `click_search`, different from each other and from all tools."""
    names: dict[CanonicalCall, str] = {}
    taken = set(corpus.specs)
    for action in sorted(actions):
        words = re.findall(r"[a-z0-9]+", " ".join(value for _, value in action.selectors).lower())
        plain = "_".join([action.tool, *words])[:MAX_NAME].rstrip("_")
        numbered = (plain if number == 1 else f"{plain}_{number}" for number in range(1, len(taken) + 2))
        names[action] = next(name for name in numbered if name not in taken)
        taken.add(names[action])
    return names


def _rename_run(run: Run, renamed: Mapping[int, str], effects: Mapping[str, Effect]) -> Run:
    return replace(run, segments=tuple(_rename_segment(each, renamed, effects) for each in run.segments))


def _rename_segment(segment: Segment, renamed: Mapping[int, str], effects: Mapping[str, Effect]) -> Segment:
    return replace(segment, rounds=tuple(_rename_round(each, renamed, effects) for each in segment.rounds))


def _rename_round(current: Round, renamed: Mapping[int, str], effects: Mapping[str, Effect]) -> Round:
    return replace(current, calls=tuple(_rename_call(each, renamed, effects) for each in current.calls))


def _rename_call(call: Call, renamed: Mapping[int, str], effects: Mapping[str, Effect]) -> Call:
    name = renamed.get(id(call))
    if name is None:
        return call
    return replace(call, tool=name, key=call_key(name, call.args), effect=effects[name])
