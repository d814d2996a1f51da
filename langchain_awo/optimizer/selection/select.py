"""Chooses which routines become meta-tools, with which of their steps, and how each is installed.

Savings are those of a replay on the given runs in which nobody knows beforehand what a read will show. First come the steps that are
worth running unasked after the anchor call: they cost no place in the prompt and depend on no model's choice. Then what is worth
showing to the model as a tool. Each pick adds the most to those before it; picking ends when nothing adds more than it costs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from langchain_awo.model.ir.binding import Constant
from langchain_awo.model.ir.metatool import MetaTool, Mode, Step
from langchain_awo.model.ir.reach import reaches_out
from langchain_awo.optimizer.log.corpus import Corpus, estimate_spec_tokens
from langchain_awo.optimizer.mining.align import has_parameters, list_loose_lookups
from langchain_awo.optimizer.mining.forms import with_shorter_lists
from langchain_awo.optimizer.replay.cost import Books, Cost, Prices, estimate_schema_tokens
from langchain_awo.optimizer.replay.tally import Tally
from langchain_awo.optimizer.selection.cover import Cover, Steps, sample_corpus
from langchain_awo.optimizer.selection.naming import name_all
from langchain_awo.optimizer.selection.secrets import asks_for_secret
from langchain_awo.optimizer.selection.weigh import Scales, Weight, choose

CONTINUES = (
    "every further step follows from the first call, and running them unasked saves more waiting than it adds"
)
SHOWN = "the model must ask for it: running it after every first call would fetch too much"
CUT = 1.0
"""What a list cut to its first items must gain beside the whole one, in model calls: what is cut off is never seen."""

AHEAD = "its reads often follow, and neither combining them nor running them unasked saves tokens"
ASKS = "the model must supply its parameters"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A candidate that was not chosen, or not with all of its steps.

    Attributes:
        alone: what it would add if nothing else were chosen, in model calls.
        added: what it would add to those that were chosen.
        least: what it would have to add.
        unwanted_writes: places in which it would write what the recorded agents did not.
        chosen: position of the candidate among those that were chosen, if it was with fewer steps; else -1.
        is_full: whether the budget of meta-tools was used up.
        loses: why it is not installed in any mode, if it was chosen and then weighed.
    """

    meta_tool: MetaTool
    alone: float
    added: float
    least: float
    unwanted_writes: int
    chosen: int
    is_full: bool
    loses: str = ""


@dataclass(frozen=True, slots=True)
class Selected:
    """The meta-tools to keep, the most useful first, and the candidates that are none of them."""

    kept: list[MetaTool]
    left: list[LeftOut]


def select(
    candidates: Sequence[MetaTool],
    corpus: Corpus,
    *,
    max_tools: int,
    prices: Prices,
    former: Sequence[MetaTool] = (),
    recount: Callable[[MetaTool], MetaTool] = lambda meta_tool: meta_tool,
) -> Selected:
    """Chooses the meta-tools to keep.

    Args:
        former: candidates that come before all others as long as they add enough themselves: a change has to be reviewed.
        recount: states the evidence of a routine from which steps are left out.
    """
    whole = [*former, *candidates]
    shorter = [cut for meta_tool in whole for cut in with_shorter_lists(meta_tool)]
    cover = Cover(corpus, [*whole, *shorter])
    state = _Selection(
        cover,
        Cost(corpus, prices),
        Scales(Books(sample_corpus(corpus))),
        prices,
        corpus,
        max_tools,
        recount,
        former=len(former),
        whole=len(whole),
    )
    state.pick(unasked=True)
    state.pick(unasked=False)
    state.drop_covered()
    return Selected(state.result(), list(state.left_out()))


@dataclass(slots=True)
class _Selection:
    """The state between two picks.

    Attributes:
        former: so many of the candidates, the first ones, come before all others.
        whole: so many candidates have their lists whole; the others, cut to their first items, only ever run unasked.
        eager: steps that run unasked, and `shown` steps that a model asks for, by position of the candidate.
        order: the candidates that were picked, in order.
        losing: why those that were picked are installed in no mode.
    """

    cover: Cover
    cost: Cost
    scales: Scales
    prices: Prices
    corpus: Corpus
    max_tools: int
    recount: Callable[[MetaTool], MetaTool]
    former: int
    whole: int
    eager: dict[int, Steps] = field(default_factory=dict)
    shown: dict[int, Steps] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    losing: dict[int, str] = field(default_factory=dict)

    def pick(self, *, unasked: bool) -> None:
        """Picks as long as something adds enough; lazily, since what a pick adds hardly grows with the others."""
        others = range(len(self.cover.candidates) if unasked else self.whole)
        for pool in (range(self.former), others):
            moves = {move: math.inf for number in pool for move in self._moves(number, unasked=unasked)}
            while moves:
                best = self._best(moves, unasked=unasked)
                if best is None:
                    break
                self._take(best, unasked=unasked)
                number = best[0]
                moves = {move: gain for move, gain in moves.items() if move[0] != number}
                moves |= dict.fromkeys(self._moves(number, unasked=unasked), math.inf)

    def drop_covered(self) -> None:
        """Takes back what the later picks cover, the least useful first: what two tools do that were picked apart, a third may do alone."""
        while True:
            loose = [number for number in self.shown if number >= self.former and number not in self.eager]
            missed = {number: self._missed_without(number) for number in loose}
            least = min(missed, key=lambda number: (missed[number], -number), default=None)
            if least is None or missed[least] >= 0:
                return
            del self.shown[least]
            self.order.remove(least)

    def _missed_without(self, number: int) -> float:
        """What a pick adds to all the others, less what it has to gain."""
        chosen = {**self.eager, **self.shown}
        others = {other: steps for other, steps in chosen.items() if other != number}
        touched = set(self.cover.candidates[number].places)
        both, rest = (self.cover.tally(each, unasked=False, touched=touched) for each in (chosen, others))
        price = self.prices.min_gain + self.cost.of_schema(self._named(number, chosen[number]))
        return self.cost.worth(both) - self.cost.worth(rest) - price

    def _best(self, moves: dict[tuple[int, Steps], float], *, unasked: bool) -> tuple[int, Steps] | None:
        """The move that adds the most, of those that add enough."""
        fresh: set[tuple[int, Steps]] = set()
        while moves:
            move = max(
                moves, key=lambda option: (moves[option], -len(option[1]), -option[0], sorted(option[1]))
            )
            if moves[move] <= 0:
                return None
            if move in fresh:
                return move
            moves[move] = self._gain(move, unasked=unasked)
            fresh.add(move)
        return None

    def _moves(self, number: int, *, unasked: bool) -> Iterator[tuple[int, Steps]]:
        """A candidate with one more step and all that it needs, or with all steps up to one; or to be shown at all."""
        candidate = self.cover.candidates[number]
        if not candidate.places or (not unasked and asks_for_secret(candidate.meta_tool)):
            return
        now = self._steps(number, unasked=unasked)
        usable = frozenset(self._usable(candidate.meta_tool, unasked=unasked))
        step_sets = {candidate.closed(now | {step}) for step in usable}
        step_sets |= {
            candidate.closed(now | {earlier for earlier in usable if earlier <= step}) for step in usable
        }
        opened = {
            n for n, step in enumerate(candidate.meta_tool.steps, start=1) if n > 1 and has_parameters(step)
        }
        for steps in sorted(step_sets - {now}, key=sorted):
            loose = list_loose_lookups(candidate.meta_tool, steps)
            if steps <= usable | {1} and opened <= steps and not loose:
                yield number, steps

    def _usable(self, meta_tool: MetaTool, *, unasked: bool) -> Iterator[int]:
        anchor = meta_tool.steps[0]
        follows = anchor.effect.is_read and not any(map(has_parameters, meta_tool.steps[1:]))
        whole = not unasked or follows
        for number, step in enumerate(meta_tool.steps[1:], start=2):
            if whole and (not unasked or (step.effect.is_read and self._stays_home(step))):
                yield number

    def _stays_home(self, step: Step) -> bool:
        """Whether a step may run unasked: what reaches out may not."""
        return not reaches_out(self.corpus.reach.get(step.tool, {}))

    def _steps(self, number: int, *, unasked: bool) -> Steps:
        chosen = self.eager if unasked else self.shown
        return chosen.get(number, self.eager.get(number, frozenset({1})))

    def _gain(self, move: tuple[int, Steps], *, unasked: bool) -> float:
        number, steps = move
        if number not in self.order and (
            len(self.order) >= self.max_tools or self._is_rival(number, unasked)
        ):
            return -math.inf
        before = self.eager if unasked else {**self.eager, **self.shown}
        after = {**before, number: steps}
        touched = set(self.cover.candidates[number].places)
        old = self.cover.tally(before, unasked=unasked, touched=touched)
        new = self.cover.tally(after, unasked=unasked, touched=touched)
        if new.unwanted_writes or (unasked and self._wastes(after)):
            return -math.inf
        gain = self.cost.worth(new) - self.cost.worth(old)
        return gain - self._price(number, steps, unasked=unasked)

    def _is_rival(self, number: int, unasked: bool) -> bool:  # noqa: FBT001  # private
        """Whether a meta-tool that was picked already begins as this one: one is enough to review and to choose from.

        Of those that a model is shown, two may begin alike if they call different tools.
        """
        meta_tool = self.cover.candidates[number].meta_tool
        picked = self.eager if unasked else self.shown
        others = (self.cover.candidates[chosen].meta_tool for chosen in picked)
        alike = [rival for rival in others if _begin_alike(rival.steps[0], meta_tool.steps[0])]
        return bool(alike) if unasked else any(set(rival.tools) == set(meta_tool.tools) for rival in alike)

    def _wastes(self, choice: dict[int, Steps]) -> bool:
        total = self.cover.tally(choice, unasked=True)
        return total.over_fetched > self.prices.max_over_fetch * (total.saved - total.repeats)

    def _price(self, number: int, steps: Steps, *, unasked: bool) -> float:
        """What must be gained at least: a new meta-tool has to be reviewed, and one that is shown stands in every prompt."""
        price = 0.0 if number in self.order else self.prices.min_gain
        price += CUT if number >= self.whole else 0.0
        if not unasked:
            now = self.shown.get(number)
            price += self.cost.of_schema(self._named(number, steps))
            price -= self.cost.of_schema(self._named(number, now)) if now else 0.0
        return price

    def _named(self, number: int, steps: Steps) -> MetaTool:
        return name_all([self.cover.candidates[number].restricted(steps)], self.corpus)[0]

    def _take(self, move: tuple[int, Steps], *, unasked: bool) -> None:
        number, steps = move
        (self.eager if unasked else self.shown)[number] = steps
        if number not in self.order:
            self.order.append(number)

    def result(self) -> list[MetaTool]:
        """The meta-tools that were chosen, with their mode and what one use saves."""
        kept = self._by_worth(self.order)
        while True:
            named = name_all(map(self._chosen, kept), self.corpus)
            sizes = dict(zip(kept, map(estimate_schema_tokens, named), strict=True))
            choices = {number: self._choice(number, schemas=sizes[number]) for number in kept}
            chosen = {number: (choice, why) for number, (choice, why) in choices.items() if choice}
            self.losing |= {number: why for number, (choice, why) in choices.items() if not choice}
            if len(chosen) == len(kept):
                return [self._finished(number, *choice) for number, choice in chosen.items()]
            kept = list(chosen)  # names differ no more from those that were left out

    def left_out(self) -> Iterator[LeftOut]:
        """The whole candidates that were not taken with all their steps, as a tool that a model is shown."""
        ranked = self._by_worth(number for number in self.order if number not in self.losing)
        chosen = {**self.eager, **self.shown}
        now = self.cover.tally(chosen, unasked=False)
        for number in range(self.whole):
            candidate = self.cover.candidates[number]
            steps = frozenset(range(1, len(candidate.meta_tool.steps) + 1))
            if chosen.get(number) == steps and number not in self.losing:
                continue
            alone = self.cover.tally({number: steps}, unasked=False)
            both = self.cover.tally({**chosen, number: steps}, unasked=False)
            named = name_all([candidate.meta_tool], self.corpus)[0]
            yield LeftOut(
                meta_tool=candidate.meta_tool,
                alone=self.cost.worth(alone),
                added=self.cost.worth(both) - self.cost.worth(now),
                least=self.prices.min_gain + self.cost.of_schema(named),
                unwanted_writes=alone.unwanted_writes,
                chosen=ranked.index(number) if number in ranked else -1,
                is_full=len(self.order) >= self.max_tools,
                loses=self.losing.get(number, ""),
            )

    def _by_worth(self, numbers: Iterable[int]) -> list[int]:
        worth = {number: self.cost.worth(self._alone(number)) for number in numbers}
        return sorted(worth, key=lambda number: (-round(worth[number], 6), number))

    def _alone(self, number: int) -> Tally:
        steps = self.shown.get(number) or self.eager[number]
        return self.cover.tally({number: steps}, unasked=number not in self.shown)

    def _choice(self, number: int, *, schemas: int) -> tuple[Weight | None, str]:
        """The mode that a pick is best installed in, of all that are possible, and why.

        Args:
            schemas: tokens that it takes of a prompt where it is shown, under the name that it gets.
        """
        picked: Mode = "append" if number in self.shown else "continue"
        weights: dict[Mode, Weight] = {}
        beside: list[Weight] = []
        if unasked := self._unasked(number):
            tally = self.cover.tally({number: unasked}, unasked=True)
            if number in self.eager or not self._wastes({**self.eager, number: unasked}):
                weights["continue"] = self.scales.weigh("continue", tally)
            weights["prefetch"] = self.scales.weigh("prefetch", tally)
        if number < self.whole:
            steps = self.shown.get(number) or self.eager[number]
            tally = self.cover.tally({number: steps}, unasked=False)
            weights["append"] = self.scales.weigh("append", tally, schemas=schemas)
            specs = self.corpus.specs
            hidden = sum(
                estimate_spec_tokens(specs[tool]) for tool in self._chosen(number).tools if tool in specs
            )
            beside = [self.scales.weigh("replace", tally, schemas=schemas - hidden)]
        asks = any(map(has_parameters, self._chosen(number).steps[1:]))
        reasons: dict[Mode, str] = {
            "continue": CONTINUES,
            "append": ASKS if asks else SHOWN,
            "prefetch": AHEAD,
        }
        choice = choose(weights, picked, reasons, caching=self.prices.caching, beside=beside)
        return choice.chosen, choice.reason

    def _unasked(self, number: int) -> Steps | None:
        """The steps of a pick that may run unasked, if there are any behind the first."""
        if number in self.eager:
            return self.eager[number]
        candidate = self.cover.candidates[number]
        usable = frozenset(self._usable(candidate.meta_tool, unasked=True)) & self.shown[number]
        steps = frozenset(step for step in usable if candidate.closed(frozenset({step})) <= usable | {1})
        return steps | {1} if steps else None

    def _chosen(self, number: int) -> MetaTool:
        return self.cover.candidates[number].restricted(self.shown.get(number) or self.eager[number])

    def _finished(self, number: int, weight: Weight, reason: str) -> MetaTool:
        eager = self._unasked(number) if weight.mode != "append" else self.eager.get(number)
        meta_tool, kept = self._chosen(number), sorted(self.shown.get(number) or self.eager[number])
        if len(kept) < len(self.cover.candidates[number].meta_tool.steps):
            meta_tool = self.recount(meta_tool)
        marked = tuple(
            replace(step, eager=old > 1 and old in (eager or ()))
            for old, step in zip(kept, meta_tool.steps, strict=True)
        )
        tally, uses = weight.tally, max(1, sum(weight.tally.uses.values()))
        of_a_run = weight.balance.times(1 / max(1, weight.runs))
        evidence = replace(
            meta_tool.evidence,
            calls_saved=round((tally.saved - tally.repeats) / uses, 3),
            over_fetch=round(tally.over_fetch, 3),
            net_tokens=round(of_a_run.tokens, 1),
            net_tokens_cached=round(of_a_run.cached_tokens(), 1),
            run_calls=round(of_a_run.model_calls, 3),
            run_over_fetch=round(of_a_run.over_fetched, 3),
        )
        return replace(meta_tool, steps=marked, mode=weight.mode, mode_reason=reason, evidence=evidence)


def _begin_alike(one: Step, other: Step) -> bool:
    """Whether two first steps may be the same call: of the same tool, and no argument is fixed at different values."""
    fixed = (
        (one.args[name], other.args[name])
        for name in one.args.keys() & other.args.keys()
        if isinstance(one.args[name], Constant) and isinstance(other.args[name], Constant)
    )
    return one.tool == other.tool and all(first == second for first, second in fixed)
