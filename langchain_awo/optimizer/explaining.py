"""Looks at one routine that somebody knows: what agents do, what is explained, and what keeps it from being compiled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.errors import CompileError
from langchain_awo.model.ir.binding import Parameter
from langchain_awo.model.ir.metatool import BindingEvidence, MetaTool, Refused, Step
from langchain_awo.model.text.phrasing import did_you_mean, format_count, join_words
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.notation import format_guard, format_step
from langchain_awo.optimizer.dataflow.account import account_for_arguments
from langchain_awo.optimizer.explanation import ExplainedStep, Explanation, Gain, StepTrial
from langchain_awo.optimizer.log.corpus import Call, Corpus
from langchain_awo.optimizer.mining.cross_validate import MIN_TASKS, Verdict, find_doubt, try_step
from langchain_awo.optimizer.mining.decide import decide_growth
from langchain_awo.optimizer.mining.forms import AGREEMENT, READ_AGREEMENT, Form, read_forms, write_form
from langchain_awo.optimizer.mining.grow import Growing, start_from_anchor
from langchain_awo.optimizer.mining.guarded_writes import decide_write
from langchain_awo.optimizer.mining.knowledge import Knowledge, learn_flow
from langchain_awo.optimizer.mining.left_over import explain_barring, explain_refusal
from langchain_awo.optimizer.mining.measure import measure
from langchain_awo.optimizer.mining.occurrences import Occurrence, collect_occurrences
from langchain_awo.optimizer.mining.reach import apply_trust
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from langchain_awo.optimizer.replay.cost import Cost
from langchain_awo.optimizer.rules.apply import follow
from langchain_awo.optimizer.rules.check import check_rules
from langchain_awo.optimizer.rules.specialize import specialize
from langchain_awo.optimizer.selection.cover import Cover
from langchain_awo.optimizer.selection.naming import name_all

ELSEWHERE: Final = 4
"""Other ways that are told, the usual ones first."""

LATER: Final = frozenset({"reaches_out", "one_author", "fails_often", "secret", "parameters"})
"""Codes of what is found against a routine as a whole."""


def parse_routine(text: str) -> tuple[str, ...]:
    """The tools of a routine as it is written, such as `get_alert > get_metrics > page_oncall`.

    Raises:
        CompileError: it names fewer than two tools.
    """
    names = tuple(name.strip() for name in text.split(">"))
    if len(names) < 2 or not all(names):  # noqa: PLR2004  # one call is no routine
        raise CompileError(
            f"{text!r} is no routine; name at least two tools, such as 'get_alert > get_metrics > page_oncall'"
        )
    return names


def explain_routine(corpus: Corpus, routine: Sequence[str], *, options: Options | None = None) -> Explanation:
    """Explains why a routine is compiled from a corpus, or is not.

    Args:
        routine: names of tools in the order in which agents call them; a star after one, for each item of a list, may be left out.
        options: as for compiling.

    Raises:
        CompileError: no recorded call and no specification has one of the names.
    """
    chosen = options or Options()
    rules = check_rules(chosen.rules, corpus)
    seen = specialize(follow(apply_trust(corpus, rules), rules), rules, declared=chosen.effects).corpus
    names = [*map(_strip_star, routine)]
    for name in names:
        if name not in seen.specs:
            raise CompileError(f"no trace contains the tool {name!r}; {did_you_mean(name, seen.specs)}")
    meta_tools, refused = compile_corpus(corpus, chosen)
    walk = _RoutineWalk(seen, chosen, names[0])
    walked = [walk.start(), *(walk.step(name) for name in names[1:])]
    steps = [_add_later_refusals(step, names, refused) for step in walked]
    gain = walk.gain()
    compiled = tuple(each.name for each in meta_tools if _goes_through(each, names))
    remedies = [each for step in steps for each in step.remedies]
    if not compiled and gain and not remedies:
        remedies += _suggest_remedy(gain)
    return Explanation(
        routine=tuple(names),
        runs=len(seen.runs),
        steps=tuple(steps),
        compiled=compiled,
        gain=gain,
        otherwise=_explain_otherwise(names, refused, gain),
        remedies=() if compiled else tuple(dict.fromkeys(remedies)),
    )


def _add_later_refusals(
    step: ExplainedStep, names: Sequence[str], refused: Sequence[Refused]
) -> ExplainedStep:
    """The step with what was found against it once the routine was whole."""
    found = [
        each.reason.partition("; ")
        for each in refused
        if each.code in LATER
        and [*map(_strip_star, (each.routine[0], each.routine[-1]))] == [names[0], step.tool]
    ]
    obstacles, remedies = [reason for reason, _, _ in found], [remedy for _, _, remedy in found if remedy]
    return replace(step, obstacles=(*step.obstacles, *obstacles), remedies=(*step.remedies, *remedies))


def _strip_star(tool: str) -> str:
    return tool.removesuffix("*")


def _explain_otherwise(names: Sequence[str], refused: Sequence[Refused], gain: Gain | None) -> str:
    """What compiling said of the routine, or what its gain says."""
    for each in refused:
        if [*map(_strip_star, each.routine)] == [*names]:
            return each.reason
    if gain and gain.worth < gain.least:
        return f"it is worth {gain.worth:,.1f} saved model calls in these traces, and at least {gain.least:,.1f} are needed"
    return (
        "other meta-tools already save what it would save"
        if gain
        else "one of its steps cannot be reproduced"
    )


def _goes_through(meta_tool: MetaTool, names: Sequence[str]) -> bool:
    rest = iter(step.tool for step in meta_tool.steps)
    return all(name in rest for name in names)


def _suggest_remedy(gain: Gain) -> Iterator[str]:
    if gain.unwanted_writes:
        yield "nothing, as a rule: only the agent knows when to write; if a condition tells, let a tool return what it depends on"
    elif gain.worth <= 0:
        yield "nothing, as the agents work now: what it would save is not worth what it would fetch in vain"
    elif gain.worth < gain.least:
        yield f"traces in which it occurs {gain.least / gain.worth:.1f} times as often, or fewer and shorter parameters"
    else:
        yield "nothing: it is worth a meta-tool by itself, and others already save these calls"


@dataclass(slots=True)
class _RoutineWalk:
    """Goes along a routine as it was recorded, also through steps that could not be compiled."""

    corpus: Corpus
    options: Options
    anchor: str
    known: list[Knowledge] = field(default_factory=list)
    routine: MetaTool = field(init=False)
    is_whole: bool = True

    def start(self) -> ExplainedStep:
        """The places in which the routine could begin."""
        occurrences = collect_occurrences(self.corpus.around(self.anchor), self.anchor)
        effect = self.corpus.effects.get(self.anchor, Effect.UNKNOWN)
        self.routine = start_from_anchor(self.anchor, occurrences, effect)
        self.known = [Knowledge(each) for each in occurrences]
        tasks = len({each.task for each in occurrences})
        obstacles, remedies = self._barred(self.anchor, effect)
        if tasks < MIN_TASKS:
            obstacles = (
                *obstacles,
                f"{self.anchor} was called in {tasks} of the tasks, {MIN_TASKS} are needed",
            )
            remedies = (*remedies, "more tasks: record more runs")
        return ExplainedStep(
            tool=self.anchor,
            effect=str(effect),
            follows=len(occurrences),
            places=len(occurrences),
            tasks=tasks,
            obstacles=obstacles,
            remedies=remedies,
        )

    def step(self, tool: str) -> ExplainedStep:
        """The next step, and the places in which agents went on to it."""
        effect = self.corpus.effects.get(tool, Effect.UNKNOWN)
        going = [each for each in self.known if _select_calls(each.occurrence, tool)]
        flow = learn_flow(tool, self.known)
        agreement = READ_AGREEMENT if effect.is_read else AGREEMENT
        found = ExplainedStep(
            tool=tool,
            effect=str(effect),
            follows=len(going),
            places=len(self.known),
            tasks=len({each.occurrence.task for each in going}),
            elsewhere=tuple(self._elsewhere(tool)),
            arguments=tuple(account_for_arguments(flow, agreement=agreement, constants=effect.is_read)),
        )
        found = self._judged(found, tool, effect)
        self._go_on(tool, effect, going)
        return found

    def _judged(self, found: ExplainedStep, tool: str, effect: Effect) -> ExplainedStep:
        obstacles, remedies = self._barred(tool, effect)
        if found.tasks < MIN_TASKS:
            self.is_whole = False
            return replace(
                found,
                obstacles=(
                    *obstacles,
                    f"agents go on to {tool} in {found.tasks} of the tasks, {MIN_TASKS} are needed",
                ),
                remedies=(*remedies, "more tasks: record more runs, especially ones that continue this way"),
            )
        taken = [spec.name for spec in self.routine.parameters]
        form = self._form(tool, effect, taken)
        if form is None:
            self.is_whole = False
            code = explain_refusal(tool, _as_allowed(effect), self.routine, self.known, writes=True)
            reason = code[1].removeprefix("but ") if code else "nothing flows to it"
            return replace(
                found,
                obstacles=(*obstacles, f"{tool}: {reason}"),
                remedies=(*remedies, *_let_return(found)),
            )
        return self._tried(replace(found, obstacles=obstacles, remedies=remedies), form)

    def _form(self, tool: str, effect: Effect, taken: Sequence[str]) -> Form | None:
        """The form that explains most of the recorded calls."""
        base = Step(tool=tool, effect=effect)
        flow = learn_flow(tool, self.known)
        if not effect.is_read:
            return write_form(base, flow, taken, steps=self.routine.steps)
        places = [each.occurrence for each in self.known]
        growths = [decide_growth(measure(form, places), places) for form in read_forms(base, flow, taken)]
        best = min(growths, key=lambda each: each.rank(len(self.routine.steps)), default=None)
        return Form(best.step, best.parameters) if best else None

    def _waste(self, form: Form) -> str:
        """Why a step is not even tried, because of what it would fetch in vain; `""` if it is."""
        growth = measure(form, [each.occurrence for each in self.known])
        if not form.step.effect.is_read or growth.is_worth_trying:
            return ""
        return f"{format_step(form.step)} would make {format_count(growth.extra, 'call')} in vain for {growth.explained:,} that agents made"

    def _tried(self, found: ExplainedStep, form: Form) -> ExplainedStep:
        thresholds = self.options.thresholds
        refused: Refused | None = None
        if form.step.effect.is_read:
            growing = Growing(self.corpus, self.routine, self.known, frozenset(), thresholds)
            verdict = try_step(form.step, growing.occurrences, growing.is_found_without)
            refused = find_doubt(verdict, self.anchor, thresholds)
        else:
            judged = decide_write(self.routine, form, self.known, thresholds)
            refused = judged if isinstance(judged, Refused) else None
            form = form if isinstance(judged, Refused) else judged
            verdict = _read_verdict(form.step)
        self.routine = replace(
            self.routine,
            steps=(*self.routine.steps, form.step),
            parameters=(*self.routine.parameters, *form.parameters),
        )
        shown = replace(
            found,
            call=format_step(form.step),
            trial=self._trial(verdict) if verdict.total else None,
            condition=_describe_condition(form.step),
        )
        self.is_whole = self.is_whole and (refused is None or form.step.effect.is_read)
        if waste := self._waste(form):
            return replace(shown, obstacles=(*shown.obstacles, waste))
        if refused is None:
            return shown
        return replace(
            shown,
            obstacles=(*shown.obstacles, refused.reason),
            remedies=(*shown.remedies, *_suggest_more_places(refused)),
        )

    def _trial(self, verdict: Verdict) -> StepTrial:
        thresholds = self.options.thresholds
        wanted = thresholds.reads if verdict.step.effect.is_read else thresholds.writes
        return StepTrial(
            agree=verdict.agree,
            total=verdict.total,
            bound=round(verdict.bound(thresholds.confidence), 4),
            wanted=wanted,
        )

    def _barred(self, tool: str, effect: Effect) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What keeps a tool out whatever agents do, and what to do about it."""
        if tool in self.options.protected:
            return (f"{tool} is protected",), (f"no longer protecting {tool}, if it needs no approval",)
        if (barred := explain_barring(tool, effect, writes=self.options.writes == "guarded")) is None:
            return (), ()
        reason, _, remedy = barred[1].removeprefix("but ").partition("; ")
        return (f"{tool}: {reason}",), (remedy,)

    def _elsewhere(self, tool: str) -> Iterator[tuple[str, int]]:
        others = [each.occurrence for each in self.known if not _select_calls(each.occurrence, tool)]
        ways = Counter(each.followers[0].tool if each.followers else "" for each in others)
        yield from sorted(ways.items(), key=lambda pair: (-pair[1], pair[0]))[:ELSEWHERE]

    def _go_on(self, tool: str, effect: Effect, going: Sequence[Knowledge]) -> None:
        """Takes the recorded calls of a tool as the step, in the places that have one."""
        number = (
            len(self.routine.steps) if self.routine.steps[-1].tool == tool else len(self.routine.steps) + 1
        )
        if number > len(self.routine.steps):
            names = sorted(
                {
                    name
                    for each in going
                    for call in _select_calls(each.occurrence, tool)
                    for name in call.args
                }
            )
            args = {name: Parameter(name=name) for name in names}
            step = Step(tool=tool, args=dict(args), effect=effect)
            self.routine = replace(self.routine, steps=(*self.routine.steps, step))
        is_mapped = self.routine.steps[-1].over is not None
        for each in going:
            calls, frame = _select_calls(each.occurrence, tool), each.occurrence.frame
            frame.outputs[number] = [call.output for call in calls] if is_mapped else calls[0].output
            frame.arguments[number] = calls[0].args
            made = calls if is_mapped else calls[:1]
            keys = {call.key for call in made}
            if effect.is_read:
                each.occurrence.done |= keys
                each.occurrence.followers = [c for c in each.occurrence.followers if c.key not in keys]
            else:
                each.occurrence.look_ahead(keys)
        self.known = [Knowledge(each.occurrence) for each in going]

    def gain(self) -> Gain | None:
        """What the whole routine would save; `None` if one of its steps cannot be made."""
        if not self.is_whole or len(self.routine.steps) < 2:  # noqa: PLR2004
            return None
        corpus = self.corpus.fair_part
        cover, cost = Cover(corpus, [self.routine]), Cost(corpus, self.options.prices)
        steps = frozenset(range(1, len(self.routine.steps) + 1))
        tally = cover.tally({0: steps}, unasked=False)
        (named,) = name_all([self.routine], corpus)
        return Gain(
            saved=tally.saved - tally.repeats,
            in_vain=round(tally.over_fetched),
            worth=round(cost.worth(tally), 2),
            least=round(self.options.prices.min_gain + cost.of_schema(named), 2),
            unwanted_writes=tally.unwanted_writes,
        )


def _select_calls(each: Occurrence, tool: str) -> list[Call]:
    return [call for call in each.followers if call.tool == tool]


def _read_verdict(step: Step) -> Verdict:
    """What the trial of a write showed, as its evidence keeps it."""
    evidence = next(iter(step.evidence.values()), BindingEvidence())
    agree = evidence.held_out_agree
    return Verdict(step, agree, agree + evidence.held_out_contradict)


def _as_allowed(effect: Effect) -> Effect:
    return effect if effect.is_read else Effect.WRITE


def _describe_condition(step: Step) -> str:
    if step.guard is None:
        return ""
    seen = step.guard.evidence
    left = seen.others - seen.others_followed
    return (
        f"with the condition {format_guard(step.guard, step)} agents go on in {seen.followed:,} of {seen.held:,} places, "
        f"and in {left:,} of {seen.others:,} others they do not"
    )


def _let_return(found: ExplainedStep) -> Iterator[str]:
    open_ = [each.name for each in found.arguments if not each.is_explained]
    if open_:
        yield f"an earlier tool that returns {join_words(open_)}, if what agents pass there can be known"


def _suggest_more_places(refused: Refused) -> Iterator[str]:
    yield (
        "more tasks in which agents continue this way"
        if refused.code == "unverified" or refused.nearness > 0.5  # noqa: PLR2004  # half of the bound is near
        else "if you know the condition and it is in no output, let a tool return it; more tasks alone hardly help"
    )
