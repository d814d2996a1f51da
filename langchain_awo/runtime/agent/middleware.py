"""`ToolkitMiddleware`: installs a toolkit in `create_agent`, in five ways, with the guards of the agent kept.

LangChain inspects what is defined here: no postponed annotations.
"""

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final, NotRequired, Protocol
from uuid import uuid4

from langchain_core.messages import SystemMessage, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.config import get_config

from langchain_awo.errors import ApprovalError, ArgumentError, MissingExtraError
from langchain_awo.model.ir.argument_checks import check_kind, check_known_tools, check_modes, check_share
from langchain_awo.model.ir.installation import Installation
from langchain_awo.model.ir.metatool import Mode
from langchain_awo.model.stepping.outcome import MAX_UNASKED_CALLS
from langchain_awo.runtime.agent.entry import EntryParameters, arun_entry, build_tool_runtime, run_entry
from langchain_awo.runtime.agent.marking import marked
from langchain_awo.runtime.agent.options import check_middleware
from langchain_awo.runtime.agent.sampling import is_held_out
from langchain_awo.runtime.approval.guarding import Arrived, achain_handlers, build_guards, chain_handlers
from langchain_awo.runtime.approval.neighbours import (
    Neighbours,
    find_neighbours,
    warn_of_blind_guards,
    warn_of_early_readers,
)
from langchain_awo.runtime.approval.protection import (
    Protection,
    collect_tool_names,
    find_marked_tools,
    read_protection,
)
from langchain_awo.runtime.approval.running_graph import find_approvals, is_in_graph, is_paused_around
from langchain_awo.runtime.continuing.continuation import Continuer
from langchain_awo.runtime.inner.calling import guards
from langchain_awo.runtime.journal.signing import encode_key, signed_with
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.prefetch.prefetching import PREFETCH_LIMITS, Prefetcher
from langchain_awo.runtime.tool.installing import (
    drop_meta_tools,
    has_stopped_since_user,
    install,
    select_offered,
)
from langchain_awo.runtime.tool.signatures import is_meta_tool
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.runtime.use_counter import UseCounter

try:
    from langchain.agents.middleware.types import (
        AgentMiddleware,
        AgentState,
        ModelRequest,
        PrivateStateAttr,
        ToolCallRequest,
    )
except ImportError as error:
    raise MissingExtraError("langchain", extra="langchain") from error


class Runs(Protocol):
    """Whoever records the runs of the agent."""

    def around(self, run_id: str) -> contextlib.AbstractContextManager[None]:
        """The context of a model or tool call of a run."""

    def finish(self, run_id: str) -> None:
        """Ends a run."""


CONTINUE_LIMITS = Limits(calls=MAX_UNASKED_CALLS, output_chars=12_000)
"""Bounds of what is fetched unasked after one call: calls, and characters shown to the model."""


PARALLEL_HINT: Final = "When you need several results that do not depend on each other, call all of these tools together in one turn."
"""What `parallel_hint` adds to the system prompt."""


class AwoState(AgentState[Any]):
    """What the middleware keeps of a thread; neither input nor output shows it."""

    awo_run: NotRequired[Annotated[str, PrivateStateAttr]]
    awo_entry: NotRequired[Annotated[str, PrivateStateAttr]]
    awo_held_out: NotRequired[Annotated[bool, PrivateStateAttr]]


class ToolkitMiddleware(AgentMiddleware[AwoState, Any, Any]):
    """Installs the meta-tools of a toolkit. Other middleware sees the inner calls, wherever it stands in the list.

    Each meta-tool is installed in the mode its plan says, unless `mode` says otherwise: `append` shows it beside
    the original tools, `replace` instead of those it calls, `continue` runs what follows from the model's own
    call, `entry` runs it once at the start of a thread, `prefetch` reads ahead what the model is likely to ask for next.

    Args:
        toolkit: the meta-tools; assign another one to `toolkit` and it is used from the next model call on.
        mode: one mode for all, or modes by name.
        protected: names of tools, tools, or `HumanInTheLoopMiddleware` instances: meta-tools that call one of these
            are not installed. Instances in the agent's own list are found without being named, in any order; where
            LangChain does not show them, only what is said here counts, and `[]` says that there are none.
        allow: meta-tools to install all the same; each inner call of a protected tool is then approved by a
            person, with its real name and arguments.
        hold_out: share of threads that get no meta-tools, to compare with.
        runs: records the runs of the agent.
        entry: tells the parameters of entry meta-tools from state and runtime; without it they are looked up by
            name in `configurable` and in the context.
        continue_limits: bounds of what is fetched unasked after one call.
        prefetch_limits: bounds of what is read ahead: calls in one turn of the model, and calls at once.
        parallel_hint: adds a sentence to the system prompt that asks the model to make independent calls together.
        signing_key: of resume tokens, at least 16 bytes, so that several processes take each other's; without it the
            environment's `AWO_SIGNING_KEY` is used, and without that a key of this process.

    Attributes:
        refused: why meta-tools of the toolkit are not installed.
        usage: how often each meta-tool was `called`, `continued`, run at `entry`, and how often a call was
            `served` from what was fetched; of the calls made ahead, how many were `prefetched` and how many of these
            stayed `unused`.
    """

    state_schema = AwoState

    def __init__(
        self,
        toolkit: MetaToolkit,
        *,
        mode: Mode | Mapping[str, Mode] | None = None,
        protected: Iterable[Any] | None = None,
        allow: Iterable[str] = (),
        hold_out: float = 0.0,
        runs: Runs | None = None,
        entry: EntryParameters | None = None,
        continue_limits: Limits = CONTINUE_LIMITS,
        prefetch_limits: Limits = PREFETCH_LIMITS,
        parallel_hint: bool = False,
        signing_key: str | bytes | None = None,
    ) -> None:
        super().__init__()
        check_share(hold_out, option="hold_out")
        check_middleware(
            entry=entry,
            continue_limits=continue_limits,
            prefetch_limits=prefetch_limits,
            parallel_hint=parallel_hint,
            signing_key=signing_key,
        )
        self.usage = UseCounter()
        self._mode = mode
        self._is_stated = protected is not None
        self._stated = read_protection(protected or ())
        self._seen: Protection | None = None
        self._allow = collect_tool_names(allow, option="allow")
        self._neighbours: Neighbours | None = None
        self._hold_out = hold_out
        self._runs = runs
        self._entry = entry
        self._continue_limits = continue_limits
        self._prefetch_limits = prefetch_limits
        self._parallel_hint = parallel_hint
        self._signing_key = None if signing_key is None else encode_key(signing_key, "signing_key")
        self.toolkit = toolkit
        check_known_tools(self._allow, toolkit.known_names, option="allow", kind="meta-tool")

    @property
    def toolkit(self) -> MetaToolkit:
        """The toolkit in use."""
        return self._installed.toolkit

    @toolkit.setter
    def toolkit(self, toolkit: MetaToolkit) -> None:
        check_kind(
            toolkit, MetaToolkit, option="toolkit", fix="write MetaToolkit.load('toolkit.json', tools=tools)"
        )
        check_modes(self._mode, [meta_tool.name for meta_tool in toolkit.plan.meta_tools])
        self._stated.check_names(toolkit.known_names, exact=False)
        self._installed = install(
            toolkit,
            mode=self._mode,
            protection=find_marked_tools(toolkit.tools) | self._stated | (self._seen or Protection()),
            allow=self._allow,
            neighbours=self._neighbours,
        )
        self._hidden_tokens = self._installed.measure_hidden()
        self._continuer = Continuer(self._installed, limits=self._continue_limits, usage=self.usage)
        self._prefetcher = Prefetcher(self._installed, limits=self._prefetch_limits, usage=self.usage)

    @property
    def tools(self) -> Sequence[BaseTool]:  # type: ignore[override]  # LangChain only reads it
        """None: meta-tools are shown last. `create_agent` asks for it, and is looked at on this occasion.

        Raises:
            ApprovalError: what is protected is no tool of the agent, or it is the second agent, with other middleware.
            ArgumentError: the agent has two of these.
        """
        neighbours = find_neighbours(self)
        if neighbours is not None and neighbours != self._neighbours:
            self._settle_beside(neighbours)
        return ()

    def _settle_beside(self, neighbours: Neighbours) -> None:
        if any(isinstance(neighbour, ToolkitMiddleware) for neighbour in neighbours.others):
            raise ArgumentError(
                "the agent has two MetaToolMiddleware; keep one, with a toolkit compiled from both sets of traces: "
                "compile_toolkit(['one.db', 'other.db'], tools=tools)"
            )
        known = self._neighbours
        if known is not None and not neighbours.guards_like(known):
            raise ApprovalError(
                "this MetaToolMiddleware already belongs to another agent, which other middleware guards or which asks for "
                "other approvals; create one for each agent"
            )
        self._stated.check_names(self.toolkit.known_names | neighbours.tools, exact=True)
        if known is not None and known.forgets >= neighbours.forgets:
            return  # what runs in the other agent goes on undisturbed
        warn_of_blind_guards(neighbours)
        self._neighbours, self._seen = neighbours, neighbours.protection()
        self.toolkit = self._installed.toolkit
        if self._installed.meta_tools("continue"):
            warn_of_early_readers(neighbours)

    def _look_around(self, config: Any) -> None:
        """Where the agent was not seen being built, the running graph tells what it asks for, before anything is run."""
        if self._seen is None and is_in_graph(config):
            around = find_approvals(config)
            self._seen = around or Protection(is_unknown=around is None and not self._is_stated)
            self.toolkit = self._installed.toolkit

    @property
    def refused(self) -> dict[str, str]:
        """Why meta-tools of the toolkit are not installed, by name."""
        return dict(self._installed.refused)

    # --- the start and the end of a run ---

    def before_agent(self, state: Any, runtime: Any) -> dict[str, Any]:
        """Names the run, decides about holding out, and runs the entry meta-tools of a new thread."""
        update = self._begun(state)
        if self._is_left_alone(update):
            return update
        with self._recorded(update):
            text = run_entry(
                self._installed, build_tool_runtime(state, runtime), self._entry, usage=self.usage
            )
        return {**update, "awo_entry": text}

    async def abefore_agent(self, state: Any, runtime: Any) -> dict[str, Any]:
        """Async form of `before_agent`."""
        update = self._begun(state)
        if self._is_left_alone(update):
            return update
        with self._recorded(update):
            text = await arun_entry(
                self._installed, build_tool_runtime(state, runtime), self._entry, usage=self.usage
            )
        return {**update, "awo_entry": text}

    def after_agent(self, state: Any, runtime: Any) -> None:
        """Ends what is read ahead, and the recording of the run."""
        self._prefetcher.end(runtime)
        if self._runs:
            self._runs.finish(state.get("awo_run", ""))

    async def aafter_agent(self, state: Any, runtime: Any) -> None:
        """Async form of `after_agent`."""
        self.after_agent(state, runtime)

    def _begun(self, state: Any) -> dict[str, Any]:
        """What is new at the start of a run; a thread is held out, or not, from its first run on."""
        run = {"awo_run": str(uuid4())}
        return run if "awo_held_out" in state else {**run, "awo_held_out": is_held_out(self._hold_out)}

    def _is_left_alone(self, update: Mapping[str, Any]) -> bool:
        """Whether nothing is run at the start: the thread is an old one, is held out, or a person watches every call."""
        config = get_config()
        self._look_around(config)
        return bool(update.get("awo_held_out", True)) or is_paused_around(config)

    def _recorded(self, state: Any) -> contextlib.AbstractContextManager[None]:
        run_id = state.get("awo_run", "") if isinstance(state, Mapping) else ""
        return self._runs.around(run_id) if self._runs else contextlib.nullcontext()

    # --- what the model is shown ---

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[..., Any]) -> Any:
        """Shows the model the meta-tools and what was fetched at the start."""
        with self._around_model(request):
            return handler(self._shown(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[..., Awaitable[Any]]
    ) -> Any:
        """Async form of `wrap_model_call`."""
        with self._around_model(request):
            return await handler(self._shown(request))

    @contextlib.contextmanager
    def _around_model(self, request: ModelRequest[Any]) -> Iterator[None]:
        with (
            self._recorded(request.state),
            marked(self._installation(request.state)),
            self._prefetcher.ending_on_failure(request.runtime),
        ):
            yield

    def _installation(self, state: Any) -> Installation:
        hidden, held_out = self._hidden_tokens, bool(state.get("awo_held_out"))
        return Installation(modes=self._installed.modes, held_out=held_out, hidden={} if held_out else hidden)

    def _shown(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        if request.state.get("awo_held_out"):
            return request.override(tools=drop_meta_tools(request.tools))
        stopped = bool(self._installed.hidden) and has_stopped_since_user(self._installed, request.messages)
        changed = request.override(tools=select_offered(self._installed, request.tools, stopped=stopped))
        entry_text = request.state.get("awo_entry") or ""
        added = [PARALLEL_HINT if self._parallel_hint else "", str(entry_text)]
        if not any(added):
            return changed
        prompt = request.system_message.text if request.system_message else ""
        return changed.override(system_message=SystemMessage("\n\n".join(filter(None, [prompt, *added]))))

    # --- tool calls ---

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Any]) -> Any:
        """Runs meta-tools with the agent's guards around each inner call, continues and serves other calls."""
        with self._recorded(request.state), signed_with(self._signing_key):
            if refusal := self._refusal(request):
                return refusal
            if _is_switched_off(request):
                return handler(request)
            chain = partial(chain_handlers, self._before, handler)
            name = request.tool_call["name"]
            if name not in self._installed.tools:
                if is_paused_around(request.runtime.config):
                    return handler(request)
                make = partial(self._continuer.call, request, handler, chain)
                return self._prefetcher.call(request, make, chain)
            self.usage.count(name, "called")
            arrived: Arrived = {}
            inner = chain(arrived)
            token = guards.set(build_guards(request, self._installed.protection_of(name), handler=inner))
            try:
                with self._prefetcher.around(request):
                    call = request.override(tool=self._installed.tools[name])
                    return self._continuer.run(call, handler, arrived)
            finally:
                guards.reset(token)

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Callable[..., Awaitable[Any]]) -> Any:
        """Async form of `wrap_tool_call`."""
        with self._recorded(request.state), signed_with(self._signing_key):
            if refusal := self._refusal(request):
                return refusal
            if _is_switched_off(request):
                return await handler(request)
            chain = partial(achain_handlers, self._before, handler)
            name = request.tool_call["name"]
            if name not in self._installed.tools:
                if is_paused_around(request.runtime.config):
                    return await handler(request)
                make = partial(self._continuer.acall, request, handler, chain)
                return await self._prefetcher.acall(request, make, chain)
            self.usage.count(name, "called")
            arrived: Arrived = {}
            inner = chain(arrived)
            token = guards.set(build_guards(request, self._installed.protection_of(name), ahandler=inner))
            try:
                with self._prefetcher.around(request):
                    call = request.override(tool=self._installed.tools[name])
                    return await self._continuer.arun(call, handler, arrived)
            finally:
                guards.reset(token)

    @property
    def _before(self) -> Sequence[Any]:
        return self._neighbours.before if self._neighbours else ()

    def _refusal(self, request: ToolCallRequest) -> ToolMessage | None:
        """The answer to a call of a meta-tool that is not in use: refused, held out, or of another toolkit."""
        self._look_around(request.runtime.config)
        name = request.tool_call["name"]
        names = self._installed.tools.keys() | self._installed.refused.keys()
        is_own = is_meta_tool(request.tool) if request.tool is not None else name in names
        if not is_own or (name in self._installed.tools and not _is_switched_off(request)):
            return None
        reason = "meta-tools are switched off for this thread" if _is_switched_off(request) else ""
        reason = reason or self._installed.refused.get(name, "it is not in the toolkit in use")
        return ToolMessage(
            f"{name} cannot be used here: {reason}",
            name=name,
            tool_call_id=request.tool_call["id"] or "",
            status="error",
        )


def _is_switched_off(request: ToolCallRequest) -> bool:
    return isinstance(request.state, Mapping) and bool(request.state.get("awo_held_out"))
