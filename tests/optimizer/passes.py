"""The passes of the default strategy, each from the text of a case to text: what its case files show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

from langchain_awo.model.ir.metatool import Evidence, MetaTool, Refused, Step
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.cross_validate import Thresholds
from langchain_awo.optimizer.mining.forms import read_forms, write_form
from langchain_awo.optimizer.mining.grow import grow, start_from_anchor
from langchain_awo.optimizer.mining.knowledge import Knowledge, learn_flow
from langchain_awo.optimizer.mining.occurrences import collect_occurrences
from langchain_awo.optimizer.mining.verify import verify
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from langchain_awo.optimizer.replay.cost import Prices
from langchain_awo.optimizer.replay.counterfactual import replay
from langchain_awo.optimizer.selection.naming import name_all
from langchain_awo.optimizer.selection.prune_outputs import Showing, prune_outputs
from langchain_awo.optimizer.selection.select import select

NOTHING = "nothing"


def shown_occurrences(corpus: Corpus, _before: Sequence[MetaTool], *, anchor: str) -> str:
    """One line for each place where a routine could start: its call, then what counts as following it."""
    lines = []
    for each in collect_occurrences(corpus, anchor):
        calls = [f"{call.tool}({dumps(call.args)})" for call in (each.anchor, *each.followers)]
        lines.append(" > ".join(calls))
    return "\n".join(lines) or NOTHING


def shown_forms(corpus: Corpus, _before: Sequence[MetaTool], *, anchor: str, tool: str) -> str:
    """Every form that a step could take behind its anchor, with the votes for each argument."""
    occurrences = collect_occurrences(corpus, anchor)
    start = start_from_anchor(anchor, occurrences, corpus.effects[anchor])
    base, taken = Step(tool=tool, effect=corpus.effects[tool]), [spec.name for spec in start.parameters]
    flow = learn_flow(tool, [Knowledge(each) for each in occurrences])
    if base.effect.is_read:
        forms = list(read_forms(base, flow, taken))
    else:
        forms = [form for form in [write_form(base, flow, taken, steps=start.steps)] if form]
    found = [_with_step(start, form.step, form.parameters) for form in forms]
    return _blocks([*map(shown, found), *(_votes(each.steps[1]) for each in found[:1])])


def _with_step(start: MetaTool, step: Step, parameters: Iterable) -> MetaTool:
    return MetaTool(
        name="form",
        description="",
        steps=(*start.steps, step),
        parameters=(*start.parameters, *parameters),
    )


def _votes(step: Step) -> str:
    lines = []
    for place, seen in step.evidence.items():
        tied = f", and so do {', '.join(seen.tied)}" if seen.tied else ""
        lines.append(f"{place}: {seen.agree} calls agree, {seen.contradict} do not{tied}")
    return "\n".join(lines)


def shown_grown(corpus: Corpus, _before: Sequence[MetaTool], *, anchor: str, writes: bool = False) -> str:
    """The routines that are grown from an anchor, and the steps that did not hold."""
    found = list(grow(corpus, anchor, writes=writes))
    return _result(found, corpus)


def shown_verified(corpus: Corpus, before: Sequence[MetaTool], **thresholds: float) -> str:
    """What is left of a routine when it is held against runs."""
    (candidate,) = before
    verified, refused = verify(candidate, corpus, _of(Thresholds, thresholds))
    return _result([*([verified] if verified else []), *refused], corpus)


def shown_selected(
    corpus: Corpus, before: Sequence[MetaTool], *, max_tools: int = 10, **prices: float
) -> str:
    """Which routines are kept, with which steps, and how each is installed."""
    kept = select(before, corpus, max_tools=max_tools, prices=_of(Prices, prices)).kept
    modes = [f"{each.name}: {each.mode}, {each.mode_reason}" for each in kept]
    return _blocks([_result(kept, corpus), "\n".join(modes)])


def shown_named(corpus: Corpus, before: Sequence[MetaTool]) -> str:
    """Names, parameters and descriptions."""
    found = name_all(before, corpus)
    return _blocks([*map(shown, found), *(f"{each.name}: {each.description}" for each in found)])


def shown_pruned(corpus: Corpus, before: Sequence[MetaTool], **showing: float) -> str:
    """Which places of outputs the model is not shown."""
    return _blocks(map(shown, prune_outputs(before, corpus, showing=_of(Showing, showing))))


def shown_compiled(corpus: Corpus, _before: Sequence[MetaTool], **options: object) -> str:
    """The whole strategy, from runs to meta-tools and refusals."""
    prices = {each.name: options.pop(each.name) for each in fields(Prices) if each.name in options}
    protected = frozenset(str(options.pop("protected", "")).split())
    chosen = Options(prices=_of(Prices, prices), protected=protected, **options)
    meta_tools, refused = compile_corpus(corpus, chosen)
    return _result([*meta_tools, *refused], corpus)


def shown_replayed(corpus: Corpus, before: Sequence[MetaTool]) -> str:
    """What routines save an agent that knows what it wants, and one that does not."""
    found = replay(before, corpus)
    lines = [
        f"{name}: saves {tally.saved} of {corpus.model_calls} model calls, {tally.over_fetched:g} calls in vain, "
        f"{tally.unwanted_writes} unwanted writes"
        for name, tally in (("chosen", found.chooser), ("chosen blindly", found.blind))
    ]
    return "\n".join(lines)


def shown(meta_tool: MetaTool) -> str:
    """A routine with every hidden place; its head alone where there is no evidence yet."""
    text = format_meta_tool(meta_tool, whole=True)
    return text if meta_tool.evidence != Evidence() else re.sub(r" +#.*", "", text, count=1)


def format_refused(refused: Refused) -> str:
    """A refused candidate and why, on one line."""
    return f"{' > '.join(refused.routine):<55} # {refused.reason} ({refused.occurrences} occurrences)"


def _result(found: Sequence[MetaTool | Refused], corpus: Corpus) -> str:
    meta_tools = [each for each in found if isinstance(each, MetaTool)]
    refused = sorted(format_refused(each) for each in found if isinstance(each, Refused))
    saved = shown_replay(meta_tools, corpus) if meta_tools else NOTHING
    return _blocks([*map(shown, meta_tools), saved, "\n".join(refused)])


def shown_replay(meta_tools: Sequence[MetaTool], corpus: Corpus) -> str:
    """What routines do on the runs of the case."""
    tally = replay(meta_tools, corpus).chooser
    return f"replayed: saves {tally.saved} of {corpus.model_calls} model calls"


def _blocks(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) or NOTHING


def _of(kind, values):
    return kind(**values)


PASSES: dict[str, Callable[..., str]] = {
    "occurrences": shown_occurrences,
    "forms": shown_forms,
    "grow": shown_grown,
    "verify": shown_verified,
    "replay": shown_replayed,
    "select": shown_selected,
    "name": shown_named,
    "prune_outputs": shown_pruned,
    "compile": shown_compiled,
}
"""By the name of the file with the cases of the pass."""
