"""Takes the echo of meta-tools out of traces: what they did counts as if a model had asked for each call.

Traces of an agent with a toolkit show one call where there were several before. Mined as they are, a routine would
disappear because it is used.

before (`orders_of` is a meta-tool; the calls below it ran inside)::

    0  orders_of(email)
         find_user(email)
         list_orders(user_id)
    1  (answer)

after::

    0  find_user(email)
    1  list_orders(user_id)
    2  (answer)

The same for what `entry` mode ran, and for what `continue` mode fetched unasked if something of it came back in what the agent
said or asked for afterwards; what did not is left out, or a routine would be borne out by nothing but itself. What `prefetch` mode
made ahead of the model counts where the model asked for it, and nowhere else. A call of a meta-tool of which nothing inside was recorded is
read back from its answer, and left out where the answer does not say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby, pairwise
from typing import Final, TypeAlias

from langchain_awo.model.ir.installation import run_ahead
from langchain_awo.model.text.encoding import decode, digest, dumps
from langchain_awo.model.trace.handback import HandBack, ToldCall, split_fetched
from langchain_awo.model.trace.trace import ModelCallRecord, Replay, ToolCallRecord, ToolSpec, Trace
from langchain_awo.optimizer.log.corpus import Run, build_corpus
from langchain_awo.optimizer.selection.mentions import Sayings, sayings_of, words_of
from langchain_awo.optimizer.selection.output_liveness import is_used

_Round: TypeAlias = list[ToolCallRecord]

UNNAMED: Final = "unnamed"
"""Name of the meta-tool where a recording does not tell which one it was."""


@dataclass(slots=True, kw_only=True)
class Echo:
    """What was taken for what, over all traces.

    Attributes:
        uses: calls of meta-tools that count as their steps, by name.
        continued: calls that ran unasked and count as asked for, by name of the meta-tool.
        unused: calls that ran unasked, and nothing of what they returned came back; they are left out.
        from_answers: of the uses, those that were read back from the answer.
        dropped: calls of meta-tools of which nothing is known, by name; they are left out.
        model_calls: put in, one for each round that a model did not have to ask for.
    """

    uses: Counter[str] = field(default_factory=Counter)
    continued: Counter[str] = field(default_factory=Counter)
    unused: Counter[str] = field(default_factory=Counter)
    from_answers: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    model_calls: int = 0


def without_echo(traces: Iterable[Trace], meta_tools: AbstractSet[str]) -> tuple[list[Trace], Echo]:
    """The traces as if no meta-tool had been installed, and what that took.

    Args:
        traces: recorded with or without a toolkit, runs of one thread joined.
        meta_tools: names of the meta-tools that may have been called; those that recorded calls name are known anyway.
    """
    found = list(traces)
    replayed = {call.replay.meta_tool for trace in found for call in trace.tool_calls if call.replay}
    names = frozenset(meta_tools) | replayed
    together = _asked_together(found)
    echo = Echo()
    return [_Expansion(trace, names, together, echo).result() for trace in found], echo


def _asked_together(traces: Iterable[Trace]) -> frozenset[str]:
    """Tools of which models, when they ask for several calls in a row, usually ask at once."""
    at_once: Counter[str] = Counter()
    in_turn: Counter[str] = Counter()
    for trace in traces:
        asked = [call for call in trace.tool_calls if call.model_call is not None]
        for one, other in pairwise(asked):
            if (one.name, one.scope) == (other.name, other.scope):
                (at_once if one.model_call == other.model_call else in_turn)[one.name] += 1
    return frozenset(tool for tool, number in at_once.items() if number > in_turn[tool])


class _Expansion:
    """One trace in the making.

    Attributes:
        at: calls by the model call that issued them; -1 is before the first one.
        behind: rounds to put in behind a model call.
    """

    def __init__(self, trace: Trace, names: AbstractSet[str], together: AbstractSet[str], echo: Echo) -> None:
        self.trace = trace
        self.names = names
        self.together = together
        self.echo = echo
        self.inside: dict[str, _Round] = defaultdict(list)
        for call in trace.tool_calls:
            if call.parent_id is not None and call.replay is not None:
                self.inside[call.parent_id].append(call)
        self.at: dict[int, _Round] = defaultdict(list)
        self.behind: dict[int, list[_Round]] = defaultdict(list)

    def result(self) -> Trace:
        if not any(self._is_echo(call) for call in self.trace.tool_calls):
            shown = tuple(self._shown(record) for record in self.trace.model_calls)
            return replace(self.trace, model_calls=shown, tools=self._tools())
        asked_for, ahead = self._asked_for(), run_ahead(self.trace)
        unasked: dict[int, _Round] = defaultdict(list)
        owner = -1
        for call in self._read_back():
            owner = owner if call.model_call is None else call.model_call
            if call.name in self.names or call.call_id in self.inside:
                self._expand(call, owner)
            elif call.replay is None:
                self.at[owner].append(call)
            elif call.parent_id not in self.inside and call.status == "ok" and _key(call) not in asked_for:
                if call.replay.meta_tool in ahead:
                    self.echo.unused[call.replay.meta_tool] += 1
                else:
                    unasked[owner].append(call)
        for owner, calls in unasked.items():
            used = self._used(calls, owner)
            self.echo.continued.update(_step_of(call)[0] for call in used)
            self.echo.unused.update(_step_of(call)[0] for call in calls if call not in used)
            if used:
                self.behind[owner] += self._rounds(used, scope=calls[0].scope)
        return self._rebuilt()

    def _used(self, calls: _Round, owner: int) -> _Round:
        """Of the calls that ran unasked, those of which the agent used something, or another of them did."""
        before, end = self._place(owner)
        later = self._sayings.after(end)
        used: _Round = []
        for call in reversed(calls):
            if is_used(decode(call.output), call.args, self._run, before=before, later=later):
                later += f" {' '.join(words_of(dumps(call.args)))} "
                used.append(call)
        return used[::-1]

    @cached_property
    def _run(self) -> Run:
        return build_corpus([self.trace]).runs[0]

    @cached_property
    def _sayings(self) -> Sayings:
        return sayings_of(self._run)

    def _place(self, owner: int) -> tuple[int, int]:
        """Positions in the run's text before and after the calls of a model call."""
        rounds = (current for segment in self._run.segments for current in segment.rounds)
        found = next((current for current in rounds if current.index == owner), None)
        return (found.start, found.end) if found else (0, 0)

    def _is_echo(self, call: ToolCallRecord) -> bool:
        return call.replay is not None or call.name in self.names or bool(split_fetched(call.output)[1])

    def _asked_for(self) -> set[str]:
        """Calls that a model asked for and was served without a run: they stand where it asked."""
        return {
            _key(call)
            for call in self.trace.tool_calls
            if call.model_call is not None and call.started_at is None and call.status == "ok"
        }

    def _read_back(self) -> Iterator[ToolCallRecord]:
        """The calls; those that were only told of below the answer of another come right behind it."""
        recorded = any(call.replay for call in self.trace.tool_calls)
        for call in self.trace.tool_calls:
            own, fetched = split_fetched(call.output)
            yield replace(call, output=own) if fetched else call
            if not recorded:
                yield from (_told(call, told, number, parent=None) for number, told in enumerate(fetched))

    def _expand(self, call: ToolCallRecord, owner: int) -> None:
        """Puts the steps of a meta-tool in the place of its call."""
        steps = [each for each in self.inside.get(call.call_id, ()) if each.status in ("ok", "error")]
        told = None if steps else HandBack.read(call.output)
        if told is not None and told.is_whole:
            calls = enumerate(told.told_calls())
            steps = [_told(call, each, number, parent=call.call_id) for number, each in calls]
            self.echo.from_answers += 1
        if not steps:
            self.echo.dropped[call.name] += 1
            return
        self.echo.uses[call.name] += 1
        rounds = self._rounds(steps, scope=call.scope)
        if call.model_call is not None:
            self.at[owner] += rounds.pop(0)
        self.behind[owner] += rounds

    def _rounds(self, calls: _Round, *, scope: str) -> list[_Round]:
        """The calls as a model would have asked for them: step by step, and of a list one by one or all at once."""
        rounds: list[_Round] = []
        turn = {
            name: number for number, name in enumerate(dict.fromkeys(_step_of(call)[0] for call in calls))
        }
        in_order = sorted(calls, key=lambda call: (turn[_step_of(call)[0]], _step_of(call)[1]))
        for _, step in groupby(in_order, key=_step_of):
            asked = [replace(call, model_call=0, parent_id=None, replay=None, scope=scope) for call in step]
            rounds += [asked] if asked[0].name in self.together else [[call] for call in asked]
        return rounds

    def _rebuilt(self) -> Trace:
        """The trace with the rounds as model calls of their own; what points at a model call is moved."""
        model_calls: list[ModelCallRecord] = []
        calls: _Round = []
        place = {0: 0}
        emptied = {call.model_call for call in self.trace.tool_calls} - self._asking()
        for index in range(-1, len(self.trace.model_calls)):
            if index > 0:
                place[index] = len(model_calls)
            calls += _issued(self.at[index], len(model_calls))
            if index >= 0 and index not in emptied:
                model_calls.append(self._shown(self.trace.model_calls[index]))
            for each in self.behind[index]:
                calls += _issued(each, len(model_calls))
                model_calls.append(self._put_in(index, each[0].scope))
                self.echo.model_calls += 1
        end = len(model_calls)
        return replace(
            self.trace,
            messages=tuple(replace(each, before=place.get(each.before, end)) for each in self.trace.messages),
            model_calls=tuple(model_calls),
            tool_calls=tuple(calls),
            tools=self._tools(),
        )

    def _asking(self) -> set[int | None]:
        """The model calls that still issue a call; the others only called meta-tools of which nothing is known."""
        asking = {owner for owner, calls in self.at.items() if any(c.model_call is not None for c in calls)}
        return {None, *asking}

    def _tools(self) -> tuple[ToolSpec, ...]:
        return tuple(spec for spec in self.trace.tools if spec.name not in self.names)

    def _shown(self, record: ModelCallRecord) -> ModelCallRecord:
        return replace(record, offered=tuple(name for name in record.offered if name not in self.names))

    def _put_in(self, index: int, scope: str) -> ModelCallRecord:
        """A model call that was saved; it would have cost about as much as the one it stands behind."""
        near = self.trace.model_calls[max(index, 0)] if self.trace.model_calls else ModelCallRecord()
        return replace(self._shown(near), scope=scope, text="", started_at=None, ended_at=None, error=None)


def _issued(calls: _Round, model_call: int) -> Iterator[ToolCallRecord]:
    for call in calls:
        yield call if call.model_call is None else replace(call, model_call=model_call)


def _told(beside: ToolCallRecord, told: ToldCall, number: int, *, parent: str | None) -> ToolCallRecord:
    """A call that an answer tells of, as if it had been recorded."""
    return ToolCallRecord(
        call_id=f"{beside.call_id}.{number}",
        name=told.tool,
        args=told.args,
        output=told.output,
        status="error" if told.error else "ok",
        error=told.error,
        scope=beside.scope,
        parent_id=parent,
        replay=Replay(meta_tool=beside.name if parent else UNNAMED, step=told.step),
    )


def _step_of(call: ToolCallRecord) -> tuple[str, int]:
    return (call.replay.meta_tool, call.replay.step) if call.replay else ("", 0)


def _key(call: ToolCallRecord) -> str:
    return digest([call.name, call.args])
