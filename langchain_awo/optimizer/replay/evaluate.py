"""Split by task, compile one part, replay on the other: what a toolkit saves on tasks it has not seen."""

from __future__ import annotations

import operator
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from langchain_awo.errors import CompileError
from langchain_awo.model.ir.argument_checks import check_share
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ToolSpec, Trace
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus
from langchain_awo.optimizer.log.habits import Together
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.pipeline import Options, Progress, compile_corpus
from langchain_awo.optimizer.replay.ceiling import Ceiling, measure_ceiling
from langchain_awo.optimizer.replay.cost import Books, estimate_schema_tokens
from langchain_awo.optimizer.replay.counterfactual import Replay, replay
from langchain_awo.optimizer.replay.installed import replay_installed
from langchain_awo.optimizer.replay.parts import PARTS
from langchain_awo.optimizer.replay.saving import Saving
from langchain_awo.optimizer.replay.simulations import Simulations
from langchain_awo.optimizer.replay.tally import Tally
from langchain_awo.optimizer.replay.unsaved import why_unsaved


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Savings on held-out tasks, the literal AWO baseline and the ceiling beside them.

    Attributes:
        traces: all runs, train and held-out.
        model_calls: of the held-out runs.
        baseline_awo: the paper's algorithm with exact bindings.
        baseline_awo_consensus: the same candidates with this package's bindings.
        unsaved: why continue mode saves next to nothing of a ceiling worth speaking of; empty where it does, or there is none.
    """

    traces: int
    tasks_train: int
    tasks_held_out: int
    held_out_tasks: tuple[str, ...]
    model_calls: int
    baseline_awo: Saving
    baseline_awo_consensus: Saving
    result: Saving
    ceiling: Ceiling
    meta_tools: tuple[MetaTool, ...] = ()
    unsaved: str = ""

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data, as the command line prints it."""
        return {
            "traces": self.traces,
            "tasks_train": self.tasks_train,
            "tasks_held_out": self.tasks_held_out,
            "held_out_tasks": list(self.held_out_tasks),
            "model_calls": self.model_calls,
            "baseline_awo": self.baseline_awo.as_json(),
            "baseline_awo_consensus": self.baseline_awo_consensus.as_json(),
            "result": self.result.as_json(),
            "ceiling": self.ceiling.as_json(),
            "unsaved": self.unsaved,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """A given toolkit replayed on given traces, the ceiling beside it.

    Attributes:
        uses: how often a chooser used each meta-tool, by name.
        unused: calls of meta-tools in the traces of which nothing came back, so that they are left out; if agents wanted some of them
            in silence, more was saved.
    """

    traces: int
    model_calls: int
    result: Saving
    ceiling: Ceiling
    uses: dict[str, int]
    unused: int = 0

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data, as the command line prints it."""
        return {
            "traces": self.traces,
            "model_calls": self.model_calls,
            "result": self.result.as_json(),
            "ceiling": self.ceiling.as_json(),
            "uses": dict(sorted(self.uses.items())),
            "unused": self.unused,
        }


def evaluate(
    traces: Iterable[Trace],
    *,
    options: Options | None = None,
    tools: Sequence[ToolSpec] = (),
    held_out: float = 0.5,
    split_seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Compiles the traces of some tasks and replays the result on those of the others.

    Args:
        traces: any traces; runs of one task are never split.
        options: how to compile.
        tools: specifications of the live tools, if there are any.
        held_out: share of the tasks that is held out, between 0 and 1.
        split_seed: which tasks those are.
        progress: called as the passes go on.

    Raises:
        CompileError: there are fewer than two tasks, or the share leaves one side empty.
    """
    chosen = options or Options()
    own, _ = without_echo(traces, frozenset())
    corpus = build_corpus(own, tools=tools, declared=chosen.effects)
    train, rest = split(corpus, held_out=held_out, seed=split_seed)
    meta_tools, refused = compile_corpus(train, chosen, progress=progress)
    result = measure_saving(meta_tools, rest)
    return Evaluation(
        traces=len(corpus.runs),
        tasks_train=len(train.tasks),
        tasks_held_out=len(rest.tasks),
        held_out_tasks=rest.tasks,
        model_calls=rest.model_calls,
        baseline_awo=_measure_literal(train, rest, replace(chosen, bindings="exact")),
        baseline_awo_consensus=_measure_literal(train, rest, replace(chosen, bindings="consensus")),
        result=result,
        ceiling=measure_ceiling(rest),
        meta_tools=tuple(meta_tools),
        unsaved=why_unsaved(rest, meta_tools, refused, saved=result.continue_),
    )


def replay_report(
    traces: Iterable[Trace],
    meta_tools: Sequence[MetaTool],
    *,
    options: Options | None = None,
    together: Together = frozenset(),
    recorded: Corpus | None = None,
) -> ReplayReport:
    """What some meta-tools save on some traces, whatever they were compiled from.

    What meta-tools did in them counts as if a model had asked for each call.

    Args:
        together: tools that agents without the toolkit ask for at once, as its plan says.
        recorded: the traces as they were recorded, built with the same options; used if nothing has to be taken out of them.
    """
    names = frozenset(each.name for each in meta_tools)
    given = list(traces)
    own, echo = without_echo(given, names, together=together)
    if recorded is not None and names.isdisjoint(recorded.specs) and all(map(operator.is_, own, given)):
        corpus = recorded
    else:
        corpus = build_corpus(own, declared=(options or Options()).effects)
    simulations = Simulations(corpus)
    found = replay(meta_tools, corpus, simulations=simulations)
    return ReplayReport(
        traces=len(corpus.runs),
        model_calls=corpus.model_calls,
        result=_build_saving(meta_tools, corpus, found, simulations),
        ceiling=measure_ceiling(corpus),
        uses=dict(found.chooser.uses),
        unused=sum(echo.unused.values()),
    )


def split(corpus: Corpus, *, held_out: float, seed: int) -> tuple[Corpus, Corpus]:
    """The training part and the held-out part, by task.

    Raises:
        CompileError: there are fewer than two tasks, or the share leaves one side empty.
        ArgumentError: it is no share.
    """
    check_share(held_out, option="held_out")
    tasks = list(corpus.tasks)
    random.Random(seed).shuffle(tasks)  # noqa: S311  # a reproducible split, nothing secret
    count = round(len(tasks) * held_out)
    if not 0 < count < len(tasks):
        raise CompileError(
            f"holding out {held_out:.0%} of {len(tasks)} tasks leaves one side empty; "
            "record more tasks, or choose another share"
        )
    return corpus.of_tasks(tasks[count:]), corpus.of_tasks(tasks[:count])


def measure_saving(meta_tools: Sequence[MetaTool], corpus: Corpus) -> Saving:
    """What some meta-tools save on a corpus."""
    simulations = Simulations(corpus)
    return _build_saving(meta_tools, corpus, replay(meta_tools, corpus, simulations=simulations), simulations)


def _build_saving(
    meta_tools: Sequence[MetaTool], corpus: Corpus, found: Replay, simulations: Simulations
) -> Saving:
    total, books = max(1, found.model_calls), Books(corpus)
    schemas = sum(map(estimate_schema_tokens, meta_tools))
    installed = replay_installed(meta_tools, corpus, books=books, simulations=simulations)
    return Saving(
        meta_tools=len(meta_tools),
        chooser=found.chooser.saved / total,
        continue_=found.continue_.saved / total,
        over_fetch=found.continue_.over_fetch,
        chooser_over_fetch=found.chooser.over_fetch,
        chooser_repeats=found.chooser.repeats / total,
        continue_repeats=found.continue_.repeats / total,
        net_tokens=round(books.balance(found.continue_).tokens),
        chooser_net_tokens=round(books.balance(found.chooser, schemas=schemas).tokens),
        parts=_compute_shares(found.chooser, total),
        blind=found.blind.saved / total,
        blind_parts=_compute_shares(found.blind, total),
        blind_over_fetch=found.blind.over_fetch,
        unwanted_writes=found.blind.unwanted_writes,
        installed=installed.tally.saved / total,
        stranded=len(installed.stranded),
        by_task=tuple(installed.by_task.values()),
    )


def _compute_shares(tally: Tally, total: int) -> dict[str, float]:
    return {part: tally.parts[part] / total for part in PARTS}


def _measure_literal(train: Corpus, rest: Corpus, options: Options) -> Saving:
    meta_tools, _ = compile_corpus(train, replace(options, strategy="awo"))
    return measure_saving(meta_tools, rest)
