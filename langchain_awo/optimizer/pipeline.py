"""From traces to a plan. The pipeline reads like the line that describes it: mine, verify, select, name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final, Literal, TypeAlias, get_args

from langchain_awo.errors import CompileError
from langchain_awo.model.ir.argument_checks import check_choice, check_effects, check_whole_number
from langchain_awo.model.ir.metatool import MetaTool, Refused, ToolkitPlan
from langchain_awo.model.ir.option_kinds import TEXTS, Kind, check_options, instance_of, whole_number
from langchain_awo.model.rules import Ignore, RuleSet, describe
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import ToolSpec, Trace
from langchain_awo.optimizer.baseline.literal import compile_literal
from langchain_awo.optimizer.counting.sample import WHOLE, Bounds
from langchain_awo.optimizer.counting.summary import Summary, summarize
from langchain_awo.optimizer.log.commands import find_commanding
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus
from langchain_awo.optimizer.log.habits import encode_together, find_asked_together
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.log.signatures import build_signatures
from langchain_awo.optimizer.log.variants import count_paths, keep_frequent
from langchain_awo.optimizer.mining.cross_validate import MIN_TASKS, Thresholds
from langchain_awo.optimizer.mining.few_parameters import keep_few_parameters
from langchain_awo.optimizer.mining.grow import grow
from langchain_awo.optimizer.mining.one_way import split_ways
from langchain_awo.optimizer.mining.reach import apply_trust, keep_home, list_trusted
from langchain_awo.optimizer.mining.verify import recount, verify
from langchain_awo.optimizer.recompile.decisions import refuse_rejected
from langchain_awo.optimizer.recompile.previous import RETIRED, reconsider, restore_names
from langchain_awo.optimizer.replay.cost import Prices
from langchain_awo.optimizer.rules.apply import follow
from langchain_awo.optimizer.rules.check import check_rules
from langchain_awo.optimizer.rules.specialize import Specialized, specialize
from langchain_awo.optimizer.selection.descriptions import describe as describe_meta_tool
from langchain_awo.optimizer.selection.prune_outputs import Showing, prune_outputs
from langchain_awo.optimizer.selection.refusing import refuse_not_worth_it, refuse_off_limits
from langchain_awo.optimizer.selection.secrets import (
    without_secret_defaults,
    without_secret_words,
    without_secrets,
)
from langchain_awo.optimizer.selection.select import select

Strategy: TypeAlias = Literal["default", "awo"]
"""`default` is this package's optimizer, `awo` the paper's algorithm to the letter."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of the pass, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to compile.

    Attributes:
        max_tools: budget of meta-tools.
        writes: whether the default strategy may compile writes: `none`, or `guarded` for those that always follow or that a
            condition explains.
        effects: effect classes the user declares; the last word.
        protected: tools that must never be called by a meta-tool, such as those that need approval.
        rules: merging rules; the safe defaults if there are none.
        threshold: the paper's T, for the literal strategy; derived from the number of runs if not given.
        bindings: `exact` binds the literal strategy's steps as a first version would, `consensus` as the default does.
        showing: when a place of an output may be hidden from the model; the literal strategy hides nothing.
    """

    strategy: Strategy = "default"
    max_tools: int = 10
    writes: Literal["none", "guarded"] = "none"
    effects: Mapping[str, Effect] = field(default_factory=dict)
    protected: frozenset[str] = frozenset()
    prices: Prices = field(default_factory=Prices)
    thresholds: Thresholds = field(default_factory=Thresholds)
    rules: RuleSet | None = None
    threshold: int | None = None
    bindings: Literal["exact", "consensus"] = "exact"
    showing: Showing = field(default_factory=Showing)

    def __post_init__(self) -> None:
        check_options(_KINDS, {name: getattr(self, name) for name in _KINDS})
        declared = check_effects(self.effects)
        object.__setattr__(self, "effects", {**(self.rules.effects if self.rules else {}), **declared})
        object.__setattr__(self, "protected", frozenset(self.protected))
        check_choice(self.strategy, get_args(Strategy), option="strategy")
        check_choice(self.writes, ("none", "guarded"), option="writes")
        check_choice(self.bindings, ("exact", "consensus"), option="bindings")
        check_whole_number(self.max_tools, option="max_tools")
        if self.max_tools < 1:
            raise CompileError(f"max_tools is {self.max_tools}; it must be at least 1")


_KINDS: Final = {
    "protected": Kind(TEXTS.accepts, "write a list of names of tools"),
    "prices": instance_of(Prices, fix="pass Prices(...)"),
    "thresholds": instance_of(Thresholds, fix="pass Thresholds(...)"),
    "rules": instance_of(RuleSet, fix="pass a RuleSet; compile_toolkit(rules=...) takes a path").optional,
    "threshold": whole_number(1).optional,
    "showing": instance_of(Showing, fix="pass Showing(...)"),
}


def compile_plan(
    traces: Iterable[Trace],
    *,
    options: Options | None = None,
    tools: Sequence[ToolSpec] = (),
    rejected: Sequence[MetaTool] = (),
) -> ToolkitPlan:
    """Compiles traces into a plan; the same traces in any order give the same plan.

    What meta-tools did in them counts as if a model had asked for it. The traces are read once and one by one: of a large log all is
    counted, and a bounded sample is looked at closely (see `Bounds`). The strategy `awo` keeps and looks at all of it.

    Args:
        traces: the runs of one thread may come apart.
        tools: specifications of the live tools, if there are any; they override what was recorded.
        rejected: meta-tools that a person rejected; what makes the same calls is left out.

    Raises:
        CompileError: the options contradict each other.
    """
    chosen = options or Options()
    log = summarize(traces, bounds=WHOLE if chosen.strategy == "awo" else Bounds())
    return compile_summary(log, options=chosen, tools=tools, rejected=rejected)


def list_own_traces(log: Summary) -> list[Trace]:
    """The sampled traces as if no meta-tool had been installed."""
    return without_echo(log.sampled().traces, log.replayed)[0]


def build_sampled_corpus(
    log: Summary,
    *,
    options: Options,
    tools: Sequence[ToolSpec] = (),
    own: Sequence[Trace] | None = None,
) -> Corpus:
    """What compiling looks at: the sampled traces as if no meta-tool had been installed, with what all traces say of the tools.

    Args:
        own: these traces, if they are known already.
    """
    sampled = log.sampled()
    own = list_own_traces(log) if own is None else own
    corpus = build_corpus(own, tools=tools, declared=options.effects, recorded=log.recorded_specs())
    return replace(corpus, fair=sampled.fair, calling=sampled.calling)


def compile_summary(
    log: Summary,
    *,
    options: Options | None = None,
    tools: Sequence[ToolSpec] = (),
    former: Sequence[MetaTool] = (),
    rejected: Sequence[MetaTool] = (),
    own: Sequence[Trace] | None = None,
    progress: Progress | None = None,
) -> ToolkitPlan:
    """Compiles what was counted and sampled of some traces; otherwise as `compile_plan`.

    Args:
        former: meta-tools of an earlier plan, to keep what still holds and the names of what means the same.
        progress: called as the passes go on.
        own: the sampled traces as if no meta-tool had been installed, if that is known already.

    Raises:
        CompileError: the options contradict each other, or the strategy `awo` would see a sample only.
    """
    chosen = options or Options()
    sampled = log.sampled()
    if chosen.strategy == "awo" and not sampled.is_whole:
        raise CompileError(
            "the strategy `awo` counts whole logs, and there is only a sample of this one; use `default`"
        )
    own = list_own_traces(log) if own is None else own
    corpus = build_sampled_corpus(log, options=chosen, tools=tools, own=own)
    meta_tools, refused = compile_corpus(corpus, chosen, former=former, rejected=rejected, progress=progress)
    if chosen.strategy == "default":
        meta_tools = prune_outputs(meta_tools, corpus, showing=chosen.showing)
    meta_tools, secret = without_secrets(meta_tools)
    refused = without_secret_words([*refused, *secret])
    used = sorted({tool for meta_tool in meta_tools for tool in meta_tool.tools})
    return ToolkitPlan(
        strategy=chosen.strategy,
        meta_tools=tuple(meta_tools),
        refused=tuple(sorted(refused, key=lambda refusal: (refusal.routine, refusal.code, refusal.reason))),
        tools=without_secret_defaults(build_signatures(corpus, used, live={spec.name for spec in tools})),
        corpus={
            **(describe_corpus(corpus) if sampled.is_whole else _describe_sampled(log, corpus)),
            "paths": keep_frequent(count_paths(corpus.fair_part, meta_tools)),
            "together": encode_together(find_asked_together(own)),
        },
        settings=_encode_settings(chosen),
    )


def compile_corpus(
    corpus: Corpus,
    options: Options,
    *,
    former: Sequence[MetaTool] = (),
    rejected: Sequence[MetaTool] = (),
    progress: Progress | None = None,
) -> tuple[list[MetaTool], list[Refused]]:
    """The meta-tools of a corpus, named, the most useful first, and what was refused."""
    report = progress or (lambda _name, _done, _total: None)
    if options.strategy == "awo":
        return _compile_literally(corpus, options, (*former, *rejected))
    rules = check_rules(options.rules, corpus)
    corpus = apply_trust(corpus, rules)
    former = [home for meta_tool in former if (home := keep_home(meta_tool, corpus)[0])]
    actions = specialize(follow(corpus, rules), rules, declared=options.effects)
    corpus, protected = actions.corpus, actions.actions_of(options.protected)
    options = replace(options, protected=protected | find_commanding(corpus))

    off_limits = refuse_off_limits(corpus, protected, options.protected - protected)
    candidates, doubts = _mine_verified(actions, options, report)
    candidates, unwanted = _leave_out_rejected(candidates, rejected, actions)

    report("select", 0, 1)
    reconsidered = reconsider(
        former,
        candidates,
        corpus,
        options.thresholds,
        avoid=_list_avoided(options),
        may_write=options.writes == "guarded",
    )
    selected = select(
        reconsidered.candidates,
        corpus.fair_part,
        max_tools=options.max_tools,
        prices=options.prices,
        former=reconsidered.holding,
        recount=lambda cut: recount(cut, corpus.around(cut.steps[0].tool), options.thresholds),
    )
    report("select", 1, 1)

    taken = frozenset(meta_tool.name for meta_tool in rejected)
    named = restore_names(selected.kept, former, corpus, as_saved=actions.generalized, taken=taken)
    not_worth_it = refuse_not_worth_it(selected.left, named)
    refused = [*off_limits, *doubts, *unwanted, *reconsidered.refused, *not_worth_it]
    kept = [_describe_real_tools(meta_tool, actions.generalized(meta_tool)) for meta_tool in named]
    return kept, _deduplicate_refusals(refused)


def _mine_verified(
    actions: Specialized, options: Options, report: Progress
) -> tuple[list[MetaTool], list[Refused]]:
    """The mined routines that hold on other tasks, send nothing out and use no secret, and what did not."""
    verified: list[MetaTool] = []
    refused: list[Refused] = []
    for candidate in mine(actions.corpus, options, report):
        if isinstance(candidate, Refused):
            refused.append(candidate)
            continue
        around = actions.corpus.around(candidate.steps[0].tool)
        for way in split_ways(actions.pinned(candidate), around):
            held, doubts = _verify_with_few_parameters(way, around, options)
            home, leaks = keep_home(held, actions.corpus) if held else (None, [])
            if home and held and len(home.steps) < len(held.steps):
                home = recount(home, around, options.thresholds)
            refused += [*doubts, *leaks]
            verified += [home] if home else []
    verified, secret = without_secrets(verified)
    return verified, [*refused, *secret]


def _verify_with_few_parameters(
    candidate: MetaTool, corpus: Corpus, options: Options
) -> tuple[MetaTool | None, list[Refused]]:
    """A routine with few parameters as far as it holds on other tasks, and what did not hold."""
    asked = keep_few_parameters(candidate, corpus)
    return (None, [asked]) if isinstance(asked, Refused) else verify(asked, corpus, options.thresholds)


def _leave_out_rejected(
    candidates: Sequence[MetaTool], rejected: Sequence[MetaTool], actions: Specialized
) -> tuple[list[MetaTool], list[Refused]]:
    """The candidates that no person rejected, and the others."""
    out = refuse_rejected(map(actions.generalized, candidates), rejected)
    return [candidate for number, candidate in enumerate(candidates) if number not in out], [*out.values()]


def _describe_real_tools(action: MetaTool, real: MetaTool) -> MetaTool:
    """A routine of actions, described by the tools that a model knows, unless somebody worded it."""
    return (
        replace(real, description=describe_meta_tool(real))
        if action.description == describe_meta_tool(action)
        else real
    )


def _compile_literally(
    corpus: Corpus, options: Options, former: Sequence[MetaTool]
) -> tuple[list[MetaTool], list[Refused]]:
    meta_tools, refused = compile_literal(
        corpus,
        rules=options.rules,
        threshold=options.threshold,
        max_tools=options.max_tools,
        bindings=options.bindings,
        protected=options.protected | find_commanding(corpus),
    )
    return restore_names(meta_tools, former, corpus), refused


def mine(corpus: Corpus, options: Options, report: Progress) -> Iterator[MetaTool | Refused]:
    """Routines anchored at every read that may be compiled, and what did not hold."""
    avoid = _list_avoided(options)
    allowed = [tool for tool in corpus.specs if tool not in avoid and _is_called_enough(corpus, tool)]
    for done, tool in enumerate(allowed):
        report("mine", done, len(allowed))
        yield from grow(
            corpus.around(tool),
            tool,
            avoid=avoid,
            thresholds=options.thresholds,
            writes=options.writes == "guarded",
        )
    report("mine", len(allowed), len(allowed))


def _is_called_enough(corpus: Corpus, tool: str) -> bool:
    return len({run.task for run, _ in corpus.callers.get(tool, ())}) >= MIN_TASKS


def _list_avoided(options: Options) -> frozenset[str]:
    """Tools that never become steps."""
    rules = options.rules.active if options.rules else ()
    return options.protected | {rule.tool for rule in rules if isinstance(rule, Ignore)}


def _deduplicate_refusals(refused: Iterable[Refused]) -> list[Refused]:
    """One refusal for each routine: that of a former meta-tool, else the best supported."""

    def weight(refusal: Refused) -> tuple[bool, int, str]:
        return refusal.code == RETIRED, refusal.occurrences, refusal.reason

    best: dict[tuple[str, ...], Refused] = {}
    for refusal in refused:
        best[refusal.routine] = max(best.get(refusal.routine, refusal), refusal, key=weight)
    return list(best.values())


def describe_corpus(corpus: Corpus) -> dict[str, JSONValue]:
    """Counts and a digest of what was compiled, for the plan."""
    return {
        "traces": len(corpus.runs),
        "tasks": len(corpus.tasks),
        "model_calls": corpus.model_calls,
        "digest": compute_digest([[run.trace_id, len(run.text), run.model_calls] for run in corpus.runs]),
    }


def _describe_sampled(log: Summary, corpus: Corpus) -> dict[str, JSONValue]:
    return {
        "traces": len(log.runs),
        "tasks": len(log.tasks),
        "model_calls": log.model_calls,
        "sampled": len(corpus.runs),
        "digest": f"{log.checksum:016x}",
    }


def _encode_settings(options: Options) -> dict[str, JSONValue]:
    return {
        "max_tools": options.max_tools,
        "writes": options.writes,
        "protected": sorted(options.protected),
        "trusted": sorted(list_trusted(options.rules)),
        "rules": [describe(rule) for rule in options.rules.active] if options.rules else [],
        "effects": {name: str(effect) for name, effect in sorted(options.effects.items())},
        "prices": asdict(options.prices),
        "thresholds": asdict(options.thresholds),
        "showing": asdict(options.showing),
    }
