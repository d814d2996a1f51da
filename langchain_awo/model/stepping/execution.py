"""A whole routine, step by step: pure, without I/O, driven by whoever makes its calls.

`execute` is a generator. It yields the group of calls that may be made now, is sent their outcomes in the
same order, and returns what became of the routine:

- reads whose sources exist are yielded together, however many steps they belong to;
- a write is yielded alone, in recorded order, after every earlier step is done; nothing goes past it before;
- a mapped step makes one call for each distinct set of arguments, in the order of its items.

The executor drives `execute`. Replay drives `RoutineState` itself, with recorded calls: it gives the parameters as they come to be
needed, and answers `Unrecorded` for calls that nobody recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from langchain_awo.model.ir.binding import Binding, Constant, Frame, Item, list_leaves
from langchain_awo.model.ir.guard import guard_holds, is_empty
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.ir.pointer import MISSING
from langchain_awo.model.stepping.deciding import Calls, Withheld, collect_known_arguments, decide
from langchain_awo.model.stepping.explaining import explain_limit, explain_need, explain_withheld
from langchain_awo.model.stepping.outcome import (
    MAX_CALLS,
    Failed,
    FinishedCall,
    OriginalCall,
    Outcome,
    Remaining,
    Result,
    Stop,
    StopKind,
    Succeeded,
    Unrecorded,
)
from langchain_awo.model.text.encoding import compute_digest, decode, same
from langchain_awo.model.text.failure import find_doubt, is_silent
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.call_key import call_key

Sources: TypeAlias = Mapping[int, frozenset[int]]
"""By the number of each step, the numbers of those it uses."""

_STOPS: dict[str, StopKind] = {"argument": "unresolved", "list": "unresolved", "limit": "budget"}


class Rehearsal(Protocol):
    """Who drives a run with recorded calls."""

    def prepare(self, number: int, step: Step, *, is_made: bool) -> None:
        """Gives the parameters that a step looks at, before it does; none of them may change afterwards.

        Args:
            number: of the step.
            step: the step itself.
            is_made: whether more than its guard will be looked at.
        """
        ...


def find_sources(meta_tool: MetaTool) -> Sources:
    """What each step of a meta-tool uses; worth keeping where it is run often."""
    return {number: step.depends_on for number, step in enumerate(meta_tool.steps, start=1)}


def execute(
    meta_tool: MetaTool,
    parameters: Mapping[str, JSONValue],
    *,
    budget: int = MAX_CALLS,
    sources: Sources | None = None,
) -> Generator[tuple[OriginalCall, ...], Sequence[Outcome | None], Result]:
    """Steps through a meta-tool.

    Args:
        meta_tool: what to run.
        parameters: what it was called with; absent optional parameters are left out.
        budget: at most this many calls altogether.
        sources: of the meta-tool, if they are known already.

    Yields:
        The calls that may be made now; never an empty group.

    Returns:
        What became of it.
    """
    run = RoutineState(meta_tool, Frame(parameters=parameters), budget=budget, sources=sources)
    while group := run.next_group():
        run.take(group, (yield group))
    return run.result()


class RoutineState:
    """The state of a routine between two groups of calls.

    Attributes:
        frame: what exists so far.
        planned: the calls of each step that was entered, by number.
        stop: why the routine ended early, if it did.
        lost: how many calls of a step have no recorded output, by number.
        undecided: steps that nothing can be said of, since what they use was not recorded.
    """

    def __init__(
        self,
        meta_tool: MetaTool,
        frame: Frame,
        *,
        budget: int = MAX_CALLS,
        sources: Sources | None = None,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        """A run at its beginning.

        Args:
            meta_tool: what to run.
            frame: holds the parameters.
            budget: at most this many calls altogether.
            sources: of the meta-tool, if they are known already.
            rehearsal: who drives it, if the calls are recorded ones. Their keys are then those of `call_key`.
        """
        self.frame = frame
        self.planned: dict[int, list[OriginalCall]] = {}
        self.stop: Stop | None = None
        self.lost: Counter[int] = Counter()
        self.undecided: set[int] = set()
        self._steps = dict(enumerate(meta_tool.steps, start=1))
        self._reads = {number for number, step in self._steps.items() if step.effect.is_read}
        self._sources = sources or find_sources(meta_tool)
        self._rehearsal = rehearsal
        self._budget = budget
        self._open = list(self._steps)
        self._finished: set[int] = set()
        self._skipped: set[int] = set()
        self._outcomes: dict[int, list[FinishedCall]] = {}
        self._outputs: dict[int, list[JSONValue]] = {}
        self._heeds_doubt = rehearsal is None or len(self._reads) < len(self._steps)
        self._notes: list[Callable[[], str]] = []
        self._suspicion: Callable[[], str] | None = None
        self._edited: dict[Binding, str] = {}

    # --- what may be called now ---

    def next_group(self) -> tuple[OriginalCall, ...]:
        """The next calls; empty when the routine is over."""
        while self._open and self.stop is None:
            before = len(self._open)
            group = self._collect()
            if group or len(self._open) == before:
                return tuple(group)
        return ()

    def _collect(self) -> list[OriginalCall]:
        group: list[OriginalCall] = []
        for number in self._open.copy():
            sources = self._sources[number]
            if self.undecided and self._is_undecidable(number):
                self._leave_undecided(number)
                continue
            if self._skipped and (missing := self._skipped & sources):
                problem = self._pass_over(number, min(missing))
                if problem is not None:
                    self.stop = problem if number == self._open[0] else None
                    return group
                continue
            is_read = number in self._reads
            waits = not (sources <= self._finished or sources <= self._finished | self.undecided)
            if not is_read and (waits or group or number != self._open[0]):
                return group
            if waits:
                continue
            problem = None if number in self.planned else self._enter(number, self._steps[number])
            if problem is not None:
                self.stop = problem if number == self._open[0] else None
                return group
            if number in self.planned:
                group += self._due(number)
                if not is_read and group:
                    return group[:1]
        return group

    def _due(self, number: int) -> list[OriginalCall]:
        """The calls of a step that were not made yet."""
        return self.planned[number][len(self._outcomes[number]) + self.lost[number] :]

    def _is_undecidable(self, number: int) -> bool:
        """Whether a step uses more than the arguments of calls that nobody recorded."""
        unknown = self.undecided & self._sources[number]
        return bool(unknown - self.frame.arguments.keys() or unknown & self._steps[number].reads_from)

    def _leave_undecided(self, number: int) -> None:
        self.undecided.add(number)
        self._open.remove(number)

    def _skip(self, number: int) -> None:
        self._skipped.add(number)
        self._open.remove(number)

    def _pass_over(self, number: int, missing: int) -> Stop | None:
        """Skips a step that needs one that was not run; a write that was asked for is not skipped in silence."""
        step = self._steps[number]
        if self._rehearsal is not None:
            self._rehearsal.prepare(number, step, is_made=False)
        is_asked = step.guard is None or guard_holds(step.guard, self.frame)
        if is_asked and not step.effect.is_read:
            return Stop(kind="guard", step=number, reason=explain_need(step, missing, self._steps))
        if is_asked:
            self._notes.append(lambda: explain_need(step, missing, self._steps))
        self._skip(number)
        return None

    def _enter(self, number: int, step: Step) -> Stop | None:
        """Decides once whether a step runs and with which calls; a reason to stop is decided anew each time."""
        if self._rehearsal is not None:
            self._rehearsal.prepare(number, step, is_made=True)
        decision = decide(step, self.frame, key_of=_digest_call if self._rehearsal is None else call_key)
        if isinstance(decision, Withheld) and decision.cause == "guard":
            return self._withhold(number, step, decision)
        if not step.effect.is_read and (problem := self._forbidden(number, step)) is not None:
            return problem
        if isinstance(decision, Withheld):
            return self._withhold(number, step, decision)
        return self._admit(number, step, decision)

    def _forbidden(self, number: int, step: Step) -> Stop | None:
        """Why nothing may be written any more, whatever the step says."""
        if self._suspicion is not None:
            reason = f"{self._suspicion()}, check before calling {step.tool}"
            return Stop(kind="suspicious", step=number, reason=reason)
        if self._edited and (place := self._uses_edited(step)):
            reason = (
                f"{place} was changed when it was approved, and {step.tool} would use what was there before"
            )
            return Stop(kind="guard", step=number, reason=f"{reason}; call it with the current values")
        return None

    def _uses_edited(self, step: Step) -> str:
        used = (leaf for binding in step.bindings for leaf in list_leaves(binding))
        return next((self._edited[leaf] for leaf in used if leaf in self._edited), "")

    def _withhold(self, number: int, step: Step, why: Withheld) -> Stop | None:
        """Skips a step that makes no call, or stops at it."""
        skips = why.cause in ("null", "named") and step.effect.is_read
        if why.cause == "guard" and step.guard is not None:
            skips = step.guard.otherwise == "skip"
        if not skips:
            kind = _STOPS.get(why.cause, "guard")
            args = why.args if kind == "unresolved" else {}
            return Stop(kind=kind, step=number, reason=explain_withheld(why, step, self.frame), args=args)
        self._notes.append(lambda: explain_withheld(why, step, self.frame))
        if why.cause == "null" and step.never_empty:
            self._suspect(lambda: self._found_nothing(number))
        self._skip(number)
        return None

    def _found_nothing(self, number: int) -> str:
        what = f"step {number} ({self._steps[number].tool}) found nothing"
        return f"{what}, which never happened in the recordings; nothing was changed"

    def _suspect(self, reason: Callable[[], str]) -> None:
        """Lets no write follow; the first reason is the one that is told."""
        self._suspicion = self._suspicion or reason

    def _admit(self, number: int, step: Step, decided: Calls) -> Stop | None:
        count = len(decided.args)
        if count > self._budget:
            reason = f"{step.tool} needs {count} more calls, but only {self._budget} are left in the budget"
            return Stop(kind="budget", step=number, reason=reason)
        self._budget -= count
        self.planned[number] = self._named(number, step, decided)
        self._outcomes[number], self._outputs[number] = [], []
        if decided.left_out:
            made = self._outcomes[number]
            self._notes.append(lambda: explain_limit(step, decided.items, made=len(made)))
        if not count:
            self._finish(number)
        return None

    def _named(self, number: int, step: Step, decided: Calls) -> list[OriginalCall]:
        is_mapped = step.over is not None
        is_live = self._rehearsal is None
        return [
            OriginalCall(
                step=number,
                tool=step.tool,
                args=args,
                key=f"{number}-{key}" if is_live else key,
                effect=step.effect,
                mapped=is_mapped,
            )
            for key, args in decided.args.items()
        ]

    # --- what came of it ---

    def take(self, group: Sequence[OriginalCall], outcomes: Sequence[Outcome | Unrecorded | None]) -> None:
        """Takes the outcomes of a group in its order; the first failure stops the routine.

        A call whose outcome is `None` was not made, because another one of the group had failed.
        """
        for call, outcome in zip(group, outcomes, strict=True):
            match outcome:
                case Succeeded():
                    done = FinishedCall(
                        call=self._made(call, outcome), output=outcome.output, reply=outcome.reply
                    )
                    self._outcomes[call.step].append(done)
                    value = decode(outcome.output) if outcome.decoded is MISSING else outcome.decoded
                    self._outputs[call.step].append(value)
                case Unrecorded():
                    self.lost[call.step] += 1
                case Failed() if self.stop is None:
                    self.stop = Stop(kind="failed", step=call.step, reason=outcome.error, args=call.args)
        touched = (group[0].step,) if len(group) == 1 else dict.fromkeys(call.step for call in group)
        for number in touched:
            if not self._due(number):
                self._finish(number)

    def _made(self, call: OriginalCall, outcome: Succeeded) -> OriginalCall:
        """The call as it was made; where the arguments that were changed come from is not true any more."""
        if outcome.args is None:
            return call
        for name, binding in self._steps[call.step].args.items():
            if not same(outcome.args.get(name, MISSING), call.args.get(name, MISSING)):
                sources = _list_sources(binding, self._steps[call.step])
                self._edited |= dict.fromkeys(sources, f"{name} of {call.tool}")
        return call._replace(args=outcome.args)

    def _finish(self, number: int) -> None:
        step, done, outputs = self._steps[number], self._outcomes[number], self._outputs[number]
        if not done and self.lost[number]:
            if not step.over:
                self.frame.arguments[number] = self.planned[number][0].args
            self._leave_undecided(number)
            return
        self._finished.add(number)
        self._open.remove(number)
        self.frame.outputs[number] = outputs if step.over else outputs[0]
        if not step.over:
            self.frame.arguments[number] = done[0].call.args
        if self._heeds_doubt:
            self._look_for_doubt(number, done, outputs)
        if step.never_empty and step.effect.is_read and (not done or any(map(is_empty, outputs))):
            self._suspect(lambda: self._found_nothing(number))

    def _look_for_doubt(
        self, number: int, done: Sequence[FinishedCall], outputs: Sequence[JSONValue]
    ) -> None:
        """Notes an answer that may be a failure."""
        read = zip(done, outputs, strict=True)
        open_ones = (call.output for call, value in read if not is_silent(call.output, value))
        doubt = next(
            (doubt_text for output in open_ones if (doubt_text := find_doubt(output)) is not None), None
        )
        if doubt is not None:
            what = f"step {number} ({self._steps[number].tool}) may have failed, it answered {doubt!r}"
            self._notes.append(lambda: what)
            self._suspect(lambda: f"{what}; nothing was changed after it")

    def result(self) -> Result:
        """What became of the routine."""
        stop = self.stop
        done = tuple(call for number in sorted(self._outcomes) for call in self._outcomes[number])
        return Result(
            done=done,
            stop=stop,
            remaining=tuple(self._remaining(stop)) if stop else (),
            notes=tuple(note() for note in self._notes),
        )

    def _remaining(self, stop: Stop) -> Iterator[Remaining]:
        for number in self._open:
            step = self._steps[number]
            if number in self.planned:
                yield from self._left_of(number, stop)
            elif number != stop.step or not stop.is_failure:
                yield Remaining(step=number, tool=step.tool, args=collect_known_arguments(step, self.frame))

    def _left_of(self, number: int, stop: Stop) -> Iterator[Remaining]:
        """The calls of a step that was begun, but for those that were made and the one that failed."""
        made_keys = {call.call.key for call in self._outcomes[number]}
        failed = call_key(self._steps[number].tool, stop.args) if number == stop.step else None
        for call in self.planned[number]:
            if call.key not in made_keys and call_key(call.tool, call.args) != failed:
                yield Remaining(step=number, tool=call.tool, args=call.args)


def _digest_call(tool: str, args: dict[str, JSONValue]) -> str:
    return compute_digest([tool, args])


def _list_sources(binding: Binding, step: Step) -> list[Binding]:
    """Where a value comes from: parameters and places; for an item, the list it is of."""
    leaves = list(list_leaves(binding))
    if step.over and any(isinstance(leaf, Item) for leaf in leaves):
        leaves += list_leaves(step.over.source)
    return [leaf for leaf in leaves if not isinstance(leaf, Constant | Item)]
