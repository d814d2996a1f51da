"""`MetaToolMiddleware`: capture, install and accounting in one line."""

import os
from typing import Unpack

from langchain_awo.api.recording import TraceRecorder
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.capture.runs import AgentRuns
from langchain_awo.model.ir.option_kinds import check_option_names
from langchain_awo.runtime.agent.middleware import ToolkitMiddleware
from langchain_awo.runtime.agent.options import MiddlewareOptions
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.stores.store import TraceStore


class MetaToolMiddleware(ToolkitMiddleware):
    """Installs the meta-tools of a toolkit in `create_agent`, and records the agent if it is told where to.

    Other middleware that wraps tool calls sees those inside a meta-tool too, wherever it stands in the list.

    Args:
        toolkit: the meta-tools; assign another one to `toolkit` and it is used from the next model call on.
        record: where traces go: a path, a URL, an open store or a recorder; nothing is recorded without it.
        options: as in `ToolkitMiddleware`: `mode`, `protected`, `allow`, `hold_out`, `entry`, `continue_limits`,
            `prefetch_limits`, `parallel_hint`, `signing_key`.

    Example:
        >>> agent = create_agent(
        ...     model, tools, middleware=[MetaToolMiddleware(toolkit, record="traces.db")]
        ... )  # doctest: +SKIP
    """

    def __init__(
        self,
        toolkit: MetaToolkit,
        *,
        record: str | os.PathLike[str] | TraceStore | CallbackRecorder | None = None,
        **options: Unpack[MiddlewareOptions],
    ) -> None:
        check_option_names(options, MiddlewareOptions.__annotations__, of="MetaToolMiddleware")
        recorder = record if record is None or isinstance(record, CallbackRecorder) else TraceRecorder(record)
        super().__init__(toolkit, runs=AgentRuns(recorder) if recorder else None, **options)
        self.recorder = recorder
