"""The stepping core of the executor: pure, without I/O, shared by the sync and the async driver.

`execute` is a generator. It yields the group of calls that may be made now, is sent their outcomes in the
same order, and returns what became of the routine:

- reads whose sources exist are yielded together, however many steps they belong to;
- a write is yielded alone, in recorded order, after every earlier step is done; nothing goes past it before;
- a mapped step makes one call for each distinct set of arguments, in the order of its items.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TypeAlias

from langchain_awo.model.ir.binding import Binding, Constant, Frame, Item, Output, leaves, resolve
from langchain_awo.model.ir.guard import guard_holds, is_empty
from langchain_awo.model.ir.mapping import items_of
from langchain_awo.model.ir.metatool import Guard, MetaTool, Step
from langchain_awo.model.ir.pointer import MISSING
from langchain_awo.model.text.encoding import decode, digest
from langchain_awo.model.text.failure import doubt_in
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.views.notation import format_binding
from langchain_awo.runtime.executor.explaining import explain_guard
from langchain_awo.runtime.outcome import (
    DEFAULT_LIMITS,
    Call,
    Done,
    Limits,
    Outcome,
    Remaining,
    Result,
    Stop,
    Succeeded,
)

Sources: TypeAlias = Mapping[int, frozenset[int]]
"""By the number of each step, the numbers of those it uses."""


def sources_of(meta_tool: MetaTool) -> Sources:
    """What each step of a meta-tool uses; worth keeping where it is run often."""
    return {number: step.depends_on for number, step in enumerate(meta_tool.steps, start=1)}


def execute(
    meta_tool: MetaTool,
    parameters: Mapping[str, JSONValue],
    *,
    limits: Limits = DEFAULT_LIMITS,
    sources: Sources | None = None,
) -> Generator[tuple[Call, ...], Sequence[Outcome | None], Result]:
    """Steps through a meta-tool.

    Args:
        meta_tool: what to run.
        parameters: what it was called with; absent optional parameters are left out.
        limits: only `calls` is used here.
        sources: of the meta-tool, if they are known already.

    Yields:
        The calls that may be made now; never an empty group.

    Returns:
        What became of it.
    """
    run = _Run(meta_tool, Frame(parameters=parameters), limits, sources or sources_of(meta_tool))
    while group := run.next_group():
        run.take(group, (yield group))
    return run.result()


class _Run:
    """The state between two groups; `open` are the steps that are neither finished nor skipped."""

    def __init__(self, meta_tool: MetaTool, frame: Frame, limits: Limits, sources: Sources) -> None:
        self.steps = dict(enumerate(meta_tool.steps, start=1))
        self.reads = {number for number, step in self.steps.items() if step.effect.is_read}
        self.sources = sources
        self.frame = frame
        self.budget = limits.calls
        self.open = list(self.steps)
        self.finished: set[int] = set()
        self.skipped: set[int] = set()
        self.expected: dict[int, list[Call]] = {}
        self.outcomes: dict[int, list[Done]] = {}
        self.notes: list[str] = []
        self.suspicion: str | None = None
        self.edited: dict[Binding, str] = {}
        self.stop: Stop | None = None

    # --- what may be called now ---

    def next_group(self) -> tuple[Call, ...]:
        """The next calls; empty when the routine is over."""
        while self.open and self.stop is None:
            before = len(self.open)
            group = self._collect()
            if group or len(self.open) == before:
                return tuple(group)
        return ()

    def _collect(self) -> list[Call]:
        group: list[Call] = []
        for number in self.open.copy():
            sources = self.sources[number]
            if self.skipped and (missing := self.skipped & sources):
                problem = self._pass_over(number, min(missing))
                if problem is not None:
                    self.stop = problem if number == self.open[0] else None
                    return group
                continue
            is_read = number in self.reads
            waits = not sources <= self.finished
            if not is_read and (waits or group or number != self.open[0]):
                return group
            if waits:
                continue
            problem = None if number in self.expected else self._enter(number, self.steps[number])
            if problem is not None:
                self.stop = problem if number == self.open[0] else None
                return group
            if number in self.expected:
                group += self.expected[number][len(self.outcomes[number]) :]
                if not is_read and group:
                    return group[:1]
        return group

    def _skip(self, number: int) -> None:
        self.skipped.add(number)
        self.open.remove(number)

    def _pass_over(self, number: int, missing: int) -> Stop | None:
        """Skips a step that needs one that was not run; a write that was asked for is not skipped in silence."""
        step = self.steps[number]
        is_asked = step.guard is None or guard_holds(step.guard, self.frame)
        reason = f"{step.tool} was not run: it needs step {missing} ({self.steps[missing].tool}), which was not run"
        if is_asked and not step.effect.is_read:
            return Stop(kind="guard", step=number, reason=reason)
        if is_asked:
            self.notes.append(reason)
        self._skip(number)
        return None

    def _enter(self, number: int, step: Step) -> Stop | None:
        """Decides once whether a step runs and with which calls; a reason to stop is decided anew each time."""
        if step.guard and not guard_holds(step.guard, self.frame):
            return self._guarded(number, step, step.guard)
        if self.suspicion is not None and not step.effect.is_read:
            return Stop(
                kind="suspicious", step=number, reason=f"{self.suspicion}, check before calling {step.tool}"
            )
        if self.edited and not step.effect.is_read and (place := self._uses_edited(step)):
            reason = (
                f"{place} was changed when it was approved, and {step.tool} would use what was there before"
            )
            return Stop(kind="guard", step=number, reason=f"{reason}; call it with what is right now")
        if _is_void(step, self.frame):
            self.notes.append(f"{step.tool}: there is nothing to call it for")
            if step.never_empty:
                self._suspect(self._found_nothing(number))
            self._skip(number)
            return None
        calls = _calls(number, step, self.frame)
        if isinstance(calls, Stop):
            return calls
        return self._admit(number, step, calls)

    def _uses_edited(self, step: Step) -> str:
        used = (leaf for binding in step.bindings for leaf in leaves(binding))
        return next((self.edited[leaf] for leaf in used if leaf in self.edited), "")

    def _guarded(self, number: int, step: Step, guard: Guard) -> Stop | None:
        reason = f"{step.tool} was not called: {explain_guard(guard, step, self.frame)}"
        if guard.otherwise == "skip":
            self.notes.append(reason)
            self._skip(number)
            return None
        return Stop(kind="guard", step=number, reason=reason)

    def _found_nothing(self, number: int) -> str:
        what = f"step {number} ({self.steps[number].tool}) found nothing"
        return f"{what}, which never happened in the recordings: nothing was changed"

    def _suspect(self, reason: str) -> None:
        """Lets no write follow; the first reason is the one that is told."""
        self.suspicion = self.suspicion or reason

    def _admit(self, number: int, step: Step, calls: list[Call]) -> Stop | None:
        limit = step.over.limit if step.over else 1
        if len(calls) > limit:
            found = f"{step.tool}: {len(calls)} items, at most {limit} are run"
            if not step.effect.is_read:
                return Stop(kind="budget", step=number, reason=f"{found}; none was")
            self.notes.append(f"{found}; the first {limit} were")
            calls = calls[:limit]
        if len(calls) > self.budget:
            reason = f"{step.tool} needs {len(calls)} more calls, {self.budget} are left of the budget"
            return Stop(kind="budget", step=number, reason=reason)
        if not calls and not step.effect.is_read:
            return Stop(
                kind="guard", step=number, reason=f"{step.tool} was not run: the list it is run for is empty"
            )
        self.budget -= len(calls)
        self.expected[number], self.outcomes[number] = calls, []
        if not calls:
            self._finish(number)
        return None

    # --- what came of it ---

    def take(self, group: Sequence[Call], outcomes: Sequence[Outcome | None]) -> None:
        """Takes the outcomes of a group in its order; the first failure stops the routine.

        A call whose outcome is `None` was not made, because another one of the group had failed.
        """
        for call, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Succeeded):
                done = Done(call=self._made(call, outcome), output=outcome.output, reply=outcome.reply)
                self.outcomes[call.step].append(done)
            elif outcome is not None and self.stop is None:
                self.stop = Stop(kind="failed", step=call.step, reason=outcome.error, args=call.args)
        touched = (group[0].step,) if len(group) == 1 else dict.fromkeys(call.step for call in group)
        for number in touched:
            if len(self.outcomes[number]) == len(self.expected[number]):
                self._finish(number)

    def _made(self, call: Call, outcome: Succeeded) -> Call:
        """The call as it was made; where the arguments that were changed come from is not true any more."""
        if outcome.args is None:
            return call
        for name, binding in self.steps[call.step].args.items():
            if outcome.args.get(name) != call.args.get(name):
                sources = _sources(binding, self.steps[call.step])
                self.edited |= dict.fromkeys(sources, f"{name} of {call.tool}")
        return call._replace(args=outcome.args)

    def _finish(self, number: int) -> None:
        step, done = self.steps[number], self.outcomes[number]
        self.finished.add(number)
        self.open.remove(number)
        outputs = [decode(each.output) for each in done]
        self.frame.outputs[number] = outputs if step.over else outputs[0]
        if not step.over:
            self.frame.arguments[number] = done[0].call.args
        doubt = next((told for each in done if (told := doubt_in(each.output)) is not None), None)
        if doubt is not None:
            self._doubt(number, doubt)
        if step.never_empty and step.effect.is_read and (not done or any(map(is_empty, outputs))):
            self._suspect(self._found_nothing(number))

    def _doubt(self, number: int, told: str) -> None:
        """Notes an answer that may be a failure."""
        what = f"step {number} ({self.steps[number].tool}) may have failed, it answered {told!r}"
        self.notes.append(what)
        self._suspect(f"{what}: nothing was changed after it")

    def result(self) -> Result:
        """What became of the routine."""
        stop = self.stop
        done = tuple(each for number in sorted(self.outcomes) for each in self.outcomes[number])
        return Result(
            done=done,
            stop=stop,
            remaining=tuple(self._remaining(stop)) if stop else (),
            notes=tuple(self.notes),
        )

    def _remaining(self, stop: Stop) -> list[Remaining]:
        return [
            Remaining(step=n, tool=self.steps[n].tool, args=_known(self.steps[n], self.frame))
            for n in self.open
            if n != stop.step or not stop.is_failure
        ]


def _sources(binding: Binding, step: Step) -> list[Binding]:
    """Where a value comes from: parameters and places; for an item, the list it is of."""
    found = list(leaves(binding))
    if step.over and any(isinstance(leaf, Item) for leaf in found):
        found += leaves(step.over.source)
    return [leaf for leaf in found if not isinstance(leaf, Constant | Item)]


def _is_void(step: Step, frame: Frame) -> bool:
    """Whether a read without a list has nothing to be called for: null stands where an earlier output should say what.

    Replay counts the call as one that nobody wanted.
    """
    if step.over is not None or not step.effect.is_read:
        return False
    sources = (binding for name, binding in step.args.items() if name not in step.optional)
    return any(isinstance(binding, Output) and resolve(binding, frame) is None for binding in sources)


def _calls(number: int, step: Step, frame: Frame) -> list[Call] | Stop:
    """The calls of a step: one, or one for each distinct set of arguments."""
    if step.over is None:
        args = _arguments(number, step, frame)
        return [_call(number, step, args)] if isinstance(args, dict) else args
    items = items_of(step, step.over, frame)
    if items is None:
        place = format_binding(step.over.source, step)
        return Stop(
            kind="unresolved", step=number, reason=f"{place}, the list to run {step.tool} for, is not there"
        )
    distinct: dict[str, Call] = {}
    for item in items:
        args = _arguments(number, step, Frame(frame.parameters, frame.arguments, frame.outputs, item))
        if isinstance(args, Stop):
            return args
        call = _call(number, step, args)
        distinct.setdefault(call.key, call)
    return list(distinct.values())


def _call(number: int, step: Step, args: dict[str, JSONValue]) -> Call:
    key = f"{number}-{digest([step.tool, args])}"
    return Call(
        step=number, tool=step.tool, args=args, key=key, effect=step.effect, mapped=step.over is not None
    )


def _arguments(number: int, step: Step, frame: Frame) -> dict[str, JSONValue] | Stop:
    args = _known(step, frame)
    if len(args) == len(step.args):
        return args
    for name in step.args:
        if name not in args and name not in step.optional:
            place = format_binding(step.args[name], step)
            reason = f"the argument {name!r} of {step.tool} is not there: nothing at {place}"
            return Stop(kind="unresolved", step=number, reason=reason, args=args)
    return args


def _known(step: Step, frame: Frame) -> dict[str, JSONValue]:
    known: dict[str, JSONValue] = {}
    for name, binding in step.args.items():
        if (value := resolve(binding, frame)) is not MISSING:
            known[name] = value
    return known
