"""Traces without their secrets."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import orjson

from langchain_awo.capture.redaction.fingerprint import Fingerprint
from langchain_awo.capture.redaction.known import KnownSecrets
from langchain_awo.capture.redaction.rules import Mask, RuledDetector, resolve_rules
from langchain_awo.capture.redaction.walk import Walk
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ModelCallRecord, ToolCallRecord, ToolSpec, Trace

logger = logging.getLogger(__name__)

UNREADABLE: Final = "<not stored: masking failed>"


class Redactor:
    """Masks the secrets of traces; equal secrets have equal masks wherever the key is the same.

    Args:
        mask: what is masked; see `MaskRules`.
        key: finds the key of the masks, by default one that is forgotten with this redactor.
    """

    def __init__(
        self,
        mask: Mask = True,  # noqa: FBT002  # as everywhere
        *,
        key: Callable[[], bytes] = lambda: secrets.token_bytes(32),
    ) -> None:
        rules = resolve_rules(mask)
        self._detector = RuledDetector(rules) if rules else None
        self._fingerprint = Fingerprint(key)
        self._warned = False

    def redact(self, trace: Trace) -> Trace:
        """The trace with its secrets masked. Never raises: what cannot be masked is not stored."""
        if self._detector is None:
            return trace
        try:
            return _TraceMask(self._detector, self._fingerprint, self._warn).apply(trace)
        except Exception as error:  # noqa: BLE001  # what may show secrets is not stored, nor stops the others
            self._warn(error)
            return _empty_trace(trace)

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(  # what the error says may be the secret
                "masking failed with %s; what could not be masked is not stored", type(error).__name__
            )


class _TraceMask:
    """One trace: first all its secrets are collected, then every value is rewritten."""

    def __init__(
        self, detector: RuledDetector, fingerprint: Fingerprint, warn: Callable[[Exception], None]
    ) -> None:
        self._detector = detector
        self._fingerprint = fingerprint
        self._warn = warn
        self._known = KnownSecrets()
        self._failed: set[int] = set()

    def apply(self, trace: Trace) -> Trace:
        if not self._may_hold(list(_iterate_parts(trace))):
            return trace
        suspicious = [part for part in _iterate_parts(trace) if self._may_hold(part)]
        collect = Walk(self._detector, self._known.remember)
        for part in suspicious:
            self._guarded(part, collect)
        self._known.close(is_allowed=self._detector.is_allowed)
        self._walk = Walk(self._detector, self._mask, self._known.spans)
        return replace(
            trace,
            task_id=self._masked(trace.task_id),
            thread_id=self._masked(trace.thread_id),
            domain=self._masked(trace.domain),
            tags=tuple(self._masked(tag) for tag in trace.tags),
            messages=tuple(replace(each, text=self._masked(each.text)) for each in trace.messages),
            model_calls=tuple(self._model_call(call) for call in trace.model_calls),
            tool_calls=tuple(self._tool_call(call) for call in trace.tool_calls),
            tools=tuple(self._tool(spec) for spec in trace.tools),
            metadata=self._dict(trace.metadata),
        )

    def _may_hold(self, part: JSONValue | ToolSpec) -> bool:
        if not part:
            return False
        if isinstance(part, str):
            return self._detector.may_hold(part)
        try:
            text = orjson.dumps(part, option=orjson.OPT_NON_STR_KEYS).decode()
        except (TypeError, ValueError, RecursionError):
            return True
        return self._detector.may_hold(text)

    def _guarded(self, part: JSONValue | ToolSpec, walk: Walk) -> Any:
        """The part rewritten, and a marker for one that cannot be."""
        if id(part) in self._failed:
            return UNREADABLE
        try:
            return _redact_spec(part, walk) if isinstance(part, ToolSpec) else walk.value(part)
        except Exception as error:  # noqa: BLE001  # as in `Redactor.redact`
            self._failed.add(id(part))
            self._warn(error)
            return UNREADABLE

    def _mask(self, text: str) -> str:
        return self._fingerprint.mask(self._known.meant_by(text))

    def _masked(self, part: JSONValue) -> Any:
        return self._guarded(part, self._walk) if part else part

    def _dict(self, part: dict[str, JSONValue]) -> dict[str, JSONValue]:
        masked = self._masked(part)
        return masked if isinstance(masked, dict) else {}

    def _model_call(self, call: ModelCallRecord) -> ModelCallRecord:
        return replace(call, text=self._masked(call.text), error=self._masked(call.error))

    def _tool_call(self, call: ToolCallRecord) -> ToolCallRecord:
        return replace(
            call,
            call_id=self._masked(call.call_id),
            parent_id=self._masked(call.parent_id),
            args=self._dict(call.args),
            output=self._masked(call.output),
            error=self._masked(call.error),
            attempts=tuple(replace(each, error=self._masked(each.error)) for each in call.attempts),
        )

    def _tool(self, spec: ToolSpec) -> ToolSpec:
        masked = self._guarded(spec, self._walk)
        return masked if isinstance(masked, ToolSpec) else ToolSpec(name=spec.name)


def _redact_spec(spec: ToolSpec, walk: Walk) -> ToolSpec:
    return replace(
        spec,
        description=walk.text(spec.description),
        parameters=walk.schema(spec.parameters),
        hints=walk.value(spec.hints),
    )


def _iterate_parts(trace: Trace) -> Iterator[JSONValue | ToolSpec]:
    """Everything in a trace that a secret could be in."""
    yield from (trace.task_id, trace.thread_id, trace.domain, trace.metadata, list(trace.tags))
    yield from (message.text for message in trace.messages)
    for call in trace.tool_calls:
        yield from (call.args, call.output, call.error, call.call_id, call.parent_id)
        yield from (attempt.error for attempt in call.attempts)
    for model_call in trace.model_calls:
        yield from (model_call.text, model_call.error)
    yield from trace.tools


def _empty_trace(trace: Trace) -> Trace:
    """A trace without anything that a secret could be in."""
    return replace(
        trace,
        task_id=None,
        thread_id=None,
        domain="",
        tags=(),
        messages=tuple(replace(message, text=UNREADABLE) for message in trace.messages),
        model_calls=tuple(replace(call, text="", error=None) for call in trace.model_calls),
        tool_calls=tuple(
            replace(call, args={}, output=UNREADABLE, error=None, attempts=()) for call in trace.tool_calls
        ),
        tools=tuple(ToolSpec(name=spec.name) for spec in trace.tools),
        metadata={},
    )
