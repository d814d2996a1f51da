"""Tools that a person watches over: which they are, and asking for approval of an inner call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.types import interrupt

from langchain_awo.errors import ApprovalError
from langchain_awo.model.ir.metatool import MetaTool, Mode

ALL_DECISIONS: Final = ("approve", "edit", "reject", "respond")

UNASKED: Final[frozenset[Mode]] = frozenset({"continue", "entry", "prefetch"})
"""Modes in which nobody asked for what is run."""

LEAVING_OUT: Final[frozenset[Mode]] = frozenset({"continue", "prefetch"})
"""Modes that run some steps of a routine and leave the others out, protected ones among them."""

_ALIKE: Final = 0.6
_TYPO: Final = 0.8
"""How alike two names are of which one may be meant, and of which one surely is a misspelling."""

_MARKS: Final = frozenset({"requiresapproval", "requireapproval", "approvalrequired", "needsapproval"})
"""What hosts call it in the metadata of a tool, whatever its case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The protected tools.

    Attributes:
        tools: by name, the decisions a person may take; the settings of `HumanInTheLoopMiddleware` where it
            protects them.
        named: those that the host named by hand.
        asked_elsewhere: tools whose approval another middleware asks for at the call itself.
        is_paused: the graph pauses around its tools, so that a person sees every call that the model makes.
        is_unknown: nobody knows what the agent asks for.
    """

    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    asked_elsewhere: frozenset[str] = frozenset()
    is_paused: bool = False
    is_unknown: bool = False

    def __or__(self, other: Protection) -> Protection:
        """Both together."""
        return Protection(
            tools=_join_settings(self.tools, other.tools),
            named=self.named | other.named,
            asked_elsewhere=self.asked_elsewhere | other.asked_elsewhere,
            is_paused=self.is_paused or other.is_paused,
            is_unknown=self.is_unknown or other.is_unknown,
        )

    def reason(self, meta_tool: MetaTool, mode: Mode) -> str:
        """Why a meta-tool is not installed in a mode, or `""`; what continues a call leaves out protected tools."""
        if self.is_unknown and not (mode == "append" and meta_tool.effect.is_read):
            return (
                "this release of LangChain does not show which approvals the agent asks for; say so in "
                "MetaToolMiddleware(..., protected=[...]), where an empty list says none"
            )
        if mode in UNASKED and self.is_paused:
            return "the graph pauses around its tools for a person, and this would be run unasked"
        if self.is_named(meta_tool) or (mode in UNASKED and meta_tool.name in self.tools):
            return "it is protected itself"
        touched = [name for name in meta_tool.tools if name in self.tools and mode not in LEAVING_OUT]
        return (
            f"it calls {touched[0]!r}, which is protected; name the meta-tool in allow=... to install it and have "
            "each such call approved"
            if touched
            else ""
        )

    def is_named(self, meta_tool: MetaTool) -> bool:
        """Whether the host named a meta-tool itself, which nobody could be asked for then."""
        return meta_tool.name in self.named

    def check_names(self, known: Iterable[str], *, exact: bool) -> None:
        """Makes sure that tools named by hand exist.

        Args:
            known: the names of all tools, as far as they are known.
            exact: whether these are all there are; else only names in another case are refused.

        Raises:
            ApprovalError: a name is that of no tool, and would protect nothing.
        """
        names = set(known)
        by_case = {name.casefold(): name for name in names}
        for name in sorted((self.tools.keys() | self.named) - names):
            cutoff = _ALIKE if name in self.named else _TYPO
            near = by_case.get(name.casefold()) or next(
                iter(get_close_matches(name, sorted(names), 1, cutoff)), ""
            )
            is_meant = name in self.named or near  # settings of a host may cover tools of other agents
            if (exact and is_meant) or name.casefold() in by_case:
                fix = f"did you mean {near!r}?" if near else f"there are {', '.join(sorted(names)) or 'none'}"
                raise ApprovalError(f"protected names {name!r}, but there is no such tool: {fix}")

    def ask(self, tool_call: ToolCall, request: Any) -> ToolCall | ToolMessage:
        """The call as a person approved or changed it, or the answer to give instead of making it.

        Interrupts the graph with the value that `HumanInTheLoopMiddleware` uses, so that the same user
        interface serves both.

        Args:
            tool_call: the inner call, with its real name and arguments.
            request: the request for a tool call that middleware is given.

        Raises:
            ValueError: the answer is none, or decides something that is not allowed for this tool.
        """
        settings = self.tools.get(tool_call["name"])
        if settings is None or tool_call["name"] in self.asked_elsewhere:
            return tool_call
        when = settings.get("when")
        if when is not None and not when(request):
            return tool_call
        answer = interrupt(_build_question(tool_call, settings, request))
        return _apply_decision(tool_call, _read_decision(answer, settings))


def read_protection(protected: Iterable[Any] | Mapping[str, Any]) -> Protection:
    """Reads names of tools, tools, `HumanInTheLoopMiddleware` instances, and what these call `interrupt_on`.

    Raises:
        ApprovalError: it is none of these.
    """
    listed: list[Any] = [protected] if isinstance(protected, Mapping) else _check_list(protected, "protected")
    found = Protection()
    for each in listed:
        if is_approver(each):
            found |= Protection(
                tools=_complete_settings(each.interrupt_on, getattr(each, "description_prefix", ""))
            )
        elif isinstance(each, Mapping):
            found |= Protection(tools=_complete_settings(each, ""))
        else:
            name = _get_name(each, "protected")
            found |= Protection(tools=_complete_settings({name: True}, ""), named=frozenset({name}))
    return found


def is_approver(middleware: Any) -> bool:
    """Whether a middleware is, or works as, LangChain's `HumanInTheLoopMiddleware`."""
    return isinstance(getattr(middleware, "interrupt_on", None), Mapping)


def asks_at_the_call(middleware: Any) -> bool:
    """Whether it asks while it wraps a tool call, and so for inner calls too."""
    return is_approver(middleware) and getattr(middleware, "interrupt_mode", "batched") == "per_call"


def find_marked_tools(tools: Iterable[BaseTool]) -> Protection:
    """Tools whose metadata says that they need approval, such as `{"requires_approval": True}`."""
    marked = {tool.name: True for tool in tools if read_approval_mark(tool)}
    return Protection(tools=_complete_settings(marked, ""))


def collect_approvals(meta_tool: MetaTool) -> Protection:
    """The tools that whoever reviewed a meta-tool wants to be asked about, as it runs."""
    return Protection(tools=_complete_settings(dict.fromkeys(meta_tool.approval, True), ""))


def read_approval_mark(tool: BaseTool) -> dict[str, Any]:
    """What a tool's metadata says about approval; empty if it needs none."""
    said = tool.metadata or {}
    return {
        key: value
        for key, value in said.items()
        if value and str(key).casefold().replace("_", "").replace("-", "") in _MARKS
    }


def check_case(protected: Iterable[str], known: Iterable[str], *, exact: bool = False) -> None:
    """Makes sure that names of protected tools are not written in another case than the tools.

    Args:
        known: the names of all tools, as far as they are known.
        exact: whether these are all there are, so that any other name protects nothing.

    Raises:
        ApprovalError: one is, and would protect nothing.
    """
    Protection(named=frozenset(protected)).check_names(known, exact=exact)


def collect_tool_names(names: Iterable[str | BaseTool], *, option: str) -> frozenset[str]:
    """Names of tools, from names and tools.

    Raises:
        ApprovalError: it is not a list of these.
    """
    return frozenset(_get_name(each, option) for each in _check_list(names, option))


def _check_list(values: Any, option: str) -> list[Any]:
    if isinstance(values, str | bytes):
        raise ApprovalError(f"{option}={values!r} is read letter by letter; write {option}=[{values!r}]")
    if not isinstance(values, Iterable) or isinstance(values, BaseTool):
        raise ApprovalError(
            f"{option}=... wants a list, not one {type(values).__name__}; write {option}=[...]"
        )
    return list(values)


def _get_name(value: Any, option: str) -> str:
    if isinstance(value, BaseTool):
        return value.name
    if isinstance(value, str) and value:
        return value
    raise ApprovalError(
        f"{option}=[...] takes names of tools, tools, and HumanInTheLoopMiddleware, not {value!r:.80}"
    )


def _complete_settings(interrupt_on: Mapping[str, Any], prefix: str) -> dict[str, Mapping[str, Any]]:
    """The settings of each tool that is asked for, in full."""
    told = {"prefix": prefix or "Tool execution requires approval"}
    return {
        name: {"allowed_decisions": ALL_DECISIONS, **told, **(each if isinstance(each, Mapping) else {})}
        for name, each in interrupt_on.items()
        if each
    }


def _join_settings(
    left: Mapping[str, Mapping[str, Any]], right: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Both; a tool of both is asked for whenever either wants it."""
    joined = {**left, **right}
    for name in left.keys() & right.keys():
        wanted = [each["when"] for each in (left[name], right[name]) if each.get("when") is not None]
        merged = {key: value for key, value in joined[name].items() if key != "when"}
        joined[name] = {**merged, "when": _combine_conditions(*wanted)} if len(wanted) > 1 else merged
    return joined


def _combine_conditions(one: Callable[[Any], bool], other: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda request: one(request) or other(request)


def _build_question(tool_call: ToolCall, settings: Mapping[str, Any], request: Any) -> dict[str, Any]:
    description = settings.get("description")
    if callable(description):
        description = description(tool_call, request.state, request.runtime)
    words = description or f"{settings['prefix']}\n\nTool: {tool_call['name']}\nArgs: {tool_call['args']}"
    action = {"name": tool_call["name"], "args": tool_call["args"], "description": words}
    review = {"action_name": tool_call["name"], "allowed_decisions": list(settings["allowed_decisions"])}
    return {"action_requests": [action], "review_configs": [review]}


def _read_decision(answer: Any, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one decision in an answer; whatever else an answer is, it approves nothing."""
    decisions = answer.get("decisions") if isinstance(answer, Mapping) else None
    if not isinstance(decisions, list) or len(decisions) != 1 or not isinstance(decisions[0], Mapping):
        raise ValueError(f'the answer {answer!r:.80} is not {{"decisions": [...]}} with one decision')
    allowed = settings["allowed_decisions"]
    if decisions[0].get("type") not in allowed:
        raise ValueError(f"the decision {decisions[0].get('type')!r} is not one of {', '.join(allowed)}")
    return decisions[0]


def _apply_decision(tool_call: ToolCall, decision: Mapping[str, Any]) -> ToolCall | ToolMessage:
    name, call_id = tool_call["name"], tool_call["id"] or ""
    match decision["type"]:
        case "approve":
            return tool_call
        case "edit":
            return _apply_edit(tool_call, decision.get("edited_action"))
        case "respond":
            return ToolMessage(decision.get("message", ""), name=name, tool_call_id=call_id)
    reason = decision.get("message") or "no reason was given; do not retry unless the user asks for it"
    text = f"a person rejected the call of {name}: {reason}"
    return ToolMessage(text, name=name, tool_call_id=call_id, status="error")


def _apply_edit(tool_call: ToolCall, edited: Any) -> ToolCall:
    name = tool_call["name"]
    args = edited.get("args") if isinstance(edited, Mapping) else None
    if not isinstance(args, dict) or edited.get("name", name) != name:
        raise ValueError(f"an edit of {name} must name {name} and its arguments, not {edited!r:.80}")
    return ToolCall(name=name, args=args, id=tool_call["id"], type="tool_call")


def without_questions(protection: Protection, asked_elsewhere: frozenset[str]) -> Protection:
    """The same protection, where another middleware asks for some of the tools."""
    return replace(protection, asked_elsewhere=protection.asked_elsewhere | asked_elsewhere)
