"""What a user should look at next, said where it matters."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from langchain_awo.cli.terminal import format_count, say
from langchain_awo.model.text.visible import make_visible_line
from langchain_awo.model.trace.effect import Effect

if TYPE_CHECKING:
    from langchain_awo.model.trace.trace import ToolSpec, Trace
    from langchain_awo.optimizer.pipeline import Options


def check_tool_names(options: Options, traces: Sequence[Trace], specs: Sequence[ToolSpec] = ()) -> None:
    """Makes sure that `--protect` and `--effect` name tools that exist; without live tools it only warns.

    Raises:
        ApprovalError: a protected tool does not exist, and nothing would be protected.
        ArgumentError: the effect of a tool is declared that does not exist.
    """
    from langchain_awo.api.phases import check_names, collect_names

    check_names(options, {spec.name for spec in specs}, collect_names(traces))


def tell_unknown_effects(
    traces: Sequence[Trace],
    *,
    specs: Sequence[ToolSpec] = (),
    declared: Mapping[str, Effect] | None = None,
    protected: Container[str] = (),
) -> None:
    """Names the tools that count as writes only because nobody says what they do; routines of reads save most."""
    from langchain_awo.optimizer.log.corpus import build_corpus

    effects = build_corpus(traces, tools=specs, declared=declared).effects
    called = {call.name for trace in traces for call in trace.tool_calls if call.name not in protected}
    name_unknown_effects(effects, called)


def name_unknown_effects(effects: Mapping[str, Effect], called: Iterable[str]) -> None:
    """Names those of the called tools of which nobody says what they do."""
    if unknown := list_unknown_effects(effects, called):
        say(
            f"{format_count(len(unknown), 'tool')} of unknown effect, treated as {'a write' if len(unknown) == 1 else 'writes'}: {', '.join(map(make_visible_line, unknown))}; "
            "say what each does: --effect TOOL=read, TOOL=write, ..."
        )


def list_unknown_effects(effects: Mapping[str, Effect], called: Iterable[str]) -> list[str]:
    """Those of the called tools of which nobody says what they do."""
    return sorted(tool for tool in called if effects.get(tool) is Effect.UNKNOWN)
