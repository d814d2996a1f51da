"""The spans of one run into a trace: the conversation from the model calls, completed by the tool spans.

Every model call's prompt tells of new words and of answers to the calls before it; its reply has the calls it issued. Tool spans
add times, raw errors and the outputs that no prompt shows any more. A tool span is the execution of the issued call with its
id; without an id, with its name and arguments, in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.chat import read_items
from langchain_awo.capture.importers.conversation import Conversation
from langchain_awo.capture.importers.executions import Executions
from langchain_awo.capture.importers.labels import SCORES
from langchain_awo.capture.importers.lines import BadRecordError
from langchain_awo.capture.importers.spans import (
    Span,
    deduplicate_model_calls,
    extract_error_line,
    sort_spans,
)
from langchain_awo.capture.importers.specs import collect_specs
from langchain_awo.capture.importers.turns import Answer, Item, MessageText, Turn
from langchain_awo.capture.run_metadata import find_agent_scope, label_of
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ToolSpec, Trace

_NOT_OURS: Final = ("LANGSMITH_", "LANGCHAIN_", "revision_id", "ls_", "lc_", "mlflow.", "checkpoint_id")


def build_trace(
    trace_id: str,
    spans: Iterable[Span],
    account: ImportAccount,
    *,
    scores: Mapping[str, JSONValue] | None = None,
    further: Mapping[str, JSONValue] | None = None,
) -> Trace:
    """The trace of a run.

    Args:
        trace_id: the run's id in its source.
        spans: its spans, in any order.
        account: is told what is not understood.
        scores: what people or evaluators made of the run.
        further: what else the source says of it: `task_id`, `thread_id`, and whatever is kept as metadata.

    Raises:
        BadRecordError: no model and no tool was called in it.
    """
    run = _Run(sort_spans(spans), account)
    if not run.conversation.model_calls and not run.conversation.calls:
        raise BadRecordError(f"no model and no tool was called in the run {trace_id[:60]}")
    roots = [span for span in run.spans if span.parent is None]
    root = next((span for span in roots if not span.parent_id), roots[0] if roots else run.spans[0])
    metadata = {**root.metadata, **(further or {})}
    label = label_of(metadata, root.tags)
    own = {key: value for key, value in label.metadata.items() if not key.startswith(_NOT_OURS)}
    if root.error and root.kind == "other":
        own["error"] = extract_error_line(root.error)
    calls = run.conversation.tool_calls
    threads = (label.thread_id, *(span.thread_id or span.metadata.get("thread_id") for span in run.spans))
    return Trace(
        trace_id=trace_id,
        task_id=label.task_id,
        thread_id=next((str(thread) for thread in threads if thread not in (None, "")), None),
        trial=label.trial,
        domain=label.domain,
        model=next((call.model for call in run.conversation.model_calls if call.model), ""),
        tags=label.tags,
        started_at=min((span.started_at for span in run.spans if span.started_at is not None), default=None),
        ended_at=max((span.ended_at for span in run.spans if span.ended_at is not None), default=None),
        messages=tuple(run.conversation.messages),
        model_calls=tuple(run.conversation.model_calls),
        tool_calls=calls,
        tools=collect_specs(run.specs, called={call.name for call in calls}),
        metadata={**own, **({SCORES: to_json(scores)} if scores else {})},
    )


@dataclass(slots=True)
class _Heard:
    """Words that were read before: every prompt repeats those of the prompts before it."""

    ids: set[str] = field(default_factory=set)
    texts: Counter[str] = field(default_factory=Counter)
    prompts: set[str] = field(default_factory=set)

    def new(self, words: Iterable[MessageText]) -> list[MessageText]:
        """Those of a prompt's words that no earlier prompt had: by id, else by how often the text occurs."""
        fresh: list[MessageText] = []
        repeats: Counter[str] = Counter()
        for each in words:
            if each.role == "system":
                if each.text not in self.prompts:
                    self.prompts.add(each.text)
                    fresh.append(each)
            elif each.message_id is None or each.message_id not in self.ids:
                repeats[each.text] += 1
                if repeats[each.text] > self.texts[each.text]:
                    fresh.append(each)
            else:
                repeats[each.text] += 1
            if each.message_id is not None:
                self.ids.add(each.message_id)
        self.texts |= repeats
        return fresh


class _Run:
    """Reads the spans of one run, in order."""

    def __init__(self, spans: list[Span], account: ImportAccount) -> None:
        self.spans = spans
        self.specs: list[ToolSpec] = []
        self.conversation = Conversation(account.unread)
        self._account = account
        self._heard = _Heard()
        for span in spans:
            if span.kind == "model":
                span.turn = _build_turn(span, self._read(span.reply))
        models = deduplicate_model_calls(spans)
        for span in models:
            self._take_model(span)
        Executions(self.conversation, models).add_all(spans)
        self.specs += [ToolSpec(name=span.name, description=span.about) for span in spans if span.about]

    def _read(self, messages: Iterable[JSONValue]) -> list[Item]:
        try:
            return list(read_items(messages, self._account.unread))
        except BadRecordError as error:
            self._account.unread(f"message ({error})")
            return []

    def _take_model(self, span: Span) -> None:
        inside = span.around("tool")
        of_middleware = bool(
            span.metadata.get("lc_source")
        )  # LangChain marks model calls that are not the agent's
        self._hear(self._prompt_of(span), from_outside=inside is None and not of_middleware)
        turn = span.turn or _build_turn(span, [])
        self.specs += span.offered
        self.conversation.add(replace(turn, scope=find_scope(span)))

    def _prompt_of(self, span: Span) -> list[Item]:
        """A model's prompt, else what the step around it was given."""
        holder: Span | None = span
        while holder is not None and holder.prompt is None and holder.kind != "tool":
            holder = holder.parent
        return self._read(holder.prompt) if holder is not None and holder.prompt is not None else []

    def _hear(self, items: list[Item], *, from_outside: bool) -> None:
        words = [
            item
            for item in items
            if isinstance(item, MessageText) and (from_outside or item.role == "system")
        ]
        for each in self._heard.new(words):
            self.conversation.add(each)
        last = max((number for number, item in enumerate(items) if isinstance(item, Turn)), default=-1)
        for item in items[last + 1 :]:
            if isinstance(item, Answer) and (not item.call_id or self.conversation.is_waiting(item.call_id)):
                self.conversation.answer(item)


def _build_turn(span: Span, items: list[Item]) -> Turn:
    turns = [item for item in items if isinstance(item, Turn)]
    usages = [turn.usage for turn in turns if turn.usage]
    return Turn(
        text="\n".join(turn.text for turn in turns if turn.text),
        asks=tuple(ask for turn in turns for ask in turn.asks),
        model=span.model or next((turn.model for turn in turns if turn.model), ""),
        usage=span.usage or (usages[0] if usages else None),
        offered=tuple(spec.name for spec in span.offered),
        started_at=span.started_at,
        ended_at=span.ended_at,
        error=extract_error_line(span.error) if span.error else None,
    )


def find_scope(span: Span) -> str:
    """The agent a span belongs to; one that runs inside a tool is another agent."""
    place, tool = find_agent_scope(span.metadata), span.around("tool")
    if tool is None or place != find_agent_scope(tool.metadata):
        return place
    return f"{find_scope(tool)}>{tool.call_id or tool.span_id}"
