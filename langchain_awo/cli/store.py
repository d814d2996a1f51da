"""`awo store`: what a trace store holds, and what is deleted from it."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_awo.cli.options import AsJson, parse_age
from langchain_awo.cli.terminal import format_count, put, put_json, put_table, waiting
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.model.text.visible import make_visible_line

if TYPE_CHECKING:
    from langchain_awo.model.trace.trace import Trace
    from langchain_awo.stores import TraceStore

app = typer.Typer(no_args_is_help=True)

Store = Annotated[
    str,
    typer.Option(
        "--store", help="A trace store: `traces.db`, `traces.jsonl`, a folder of Parquet, or its URL."
    ),
]
Project = Annotated[str | None, typer.Option(help="Only traces of this project.")]
Tenant = Annotated[str | None, typer.Option(help="Only traces of this tenant.")]
Environment = Annotated[str | None, typer.Option(help="Only traces of this environment.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what would be deleted without deleting it.")]


@app.callback()
def store_verbs() -> None:
    """Look into a trace store, and delete from it.

    Example: `awo store prune --store traces.db --older-than 30d`
    """


@app.command("info")
def info(
    traces: Store,
    *,
    project: Project = None,
    tenant: Tenant = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Show how much a store holds, over what period, and for whom.

    Example: `awo store info --store traces.db`
    """
    with _open_scoped(traces, project, tenant, environment) as store, waiting(f"counting {traces}"):
        summary = store.summarize()
    if as_json:
        put_json(summary.as_json())
        return
    figures = {
        "traces": f"{summary.traces:,}",
        "model calls": f"{summary.model_calls:,}",
        "tool calls": f"{summary.tool_calls:,}",
        "threads": f"{summary.threads:,}",
        "users": f"{summary.users:,}",
        "first start": _format_moment(summary.first),
        "last start": _format_moment(summary.last),
        "without a start": f"{summary.undated:,}",
        "schema version": str(summary.schema_version or "none"),
        "size": "unknown" if summary.size is None else f"{summary.size / 1e6:,.1f} MB",
    }
    put_table(hide_secrets(traces), ["", "stored"], [[name, value] for name, value in figures.items()])
    if any(any(labels) for labels in summary.scopes):
        rows = [
            [*(label or "-" for label in labels), f"{n:,}"] for labels, n in sorted(summary.scopes.items())
        ]
        put_table("Of whom", ["project", "tenant", "environment", "traces"], rows)


@app.command("show")
def show_trace(
    trace: Annotated[str, typer.Argument(metavar="TRACE", help="The id of a trace.")],
    *,
    traces: Store,
    project: Project = None,
    tenant: Tenant = None,
    environment: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Show one trace: its messages, and its tool calls with arguments and outputs.

    Example: `awo store show run-1 --store traces.db`
    """
    from langchain_awo.errors import StoreError
    from langchain_awo.model.ir.schema import dump

    with _open_scoped(traces, project, tenant, environment) as store:
        try:
            found = store.get(trace)
        except KeyError as error:
            raise StoreError(
                f"{traces} has no trace {trace!r}; `awo store info` counts what it has"
            ) from error
    if as_json:
        put_json(dump(found))
    else:
        put("\n".join(_format_trace(found)))


@app.command("prune")
def prune(
    traces: Store,
    *,
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="Age by start time, such as `12h`, `30d` or `8w`.")
    ],
    project: Project = None,
    tenant: Tenant = None,
    environment: Environment = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Delete traces older than a given age; those without a start time are kept.

    Example: `awo store prune --store traces.db --older-than 30d`
    """
    before = time.time() - parse_age(older_than, option="--older-than")
    with _open_scoped(traces, project, tenant, environment) as store:
        _delete(store, traces, {"before": before}, dry_run=dry_run, as_json=as_json)


@app.command("delete")
def delete(
    traces: Store,
    *,
    thread: Annotated[str | None, typer.Option(help="Traces of this thread.")] = None,
    user: Annotated[str | None, typer.Option(help="Traces whose metadata names this user.")] = None,
    trace: Annotated[str | None, typer.Option(metavar="TRACE", help="The trace with this id.")] = None,
    project: Project = None,
    tenant: Tenant = None,
    environment: Environment = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Delete the traces of one user, one thread, or one trace.

    Example: `awo store delete --store traces.db --user ann`
    """
    wanted = {
        name: value for name, value in {"thread_id": thread, "user": user, "trace_id": trace}.items() if value
    }
    if not wanted:
        raise typer.BadParameter("say whose traces", param_hint="--thread, --user or --trace")
    with _open_scoped(traces, project, tenant, environment) as store:
        _delete(store, traces, wanted, dry_run=dry_run, as_json=as_json)


@app.command("vacuum")
def vacuum(traces: Store, *, as_json: AsJson = False) -> None:
    """Reclaim the space of deleted and replaced traces.

    Example: `awo store vacuum --store traces.db`
    """
    with _open_scoped(traces, None, None, None) as store, waiting(f"vacuuming {traces}"):
        before = store.summarize().size
        store.vacuum()
        after = store.summarize().size
    if as_json:
        put_json({"before": before, "after": after})
    else:
        put(
            f"{hide_secrets(traces)}: {(before or 0) / 1e6:,.1f} MB before, {(after or 0) / 1e6:,.1f} MB after"
        )


def _open_scoped(traces: str, project: str | None, tenant: str | None, environment: str | None) -> TraceStore:
    from langchain_awo.stores import open_store

    return open_store(traces, create=False, project=project, tenant=tenant, environment=environment)


def _delete(store: TraceStore, traces: str, wanted: dict[str, Any], *, dry_run: bool, as_json: bool) -> None:
    from langchain_awo.stores.selection import Selection

    with waiting(f"{'counting in' if dry_run else 'deleting from'} {traces}"):
        if dry_run:
            selection = Selection.of(scope=store.scope, **wanted)
            number = sum(1 for _ in store.read(selection, outputs=False, on_error=lambda _: None))
        else:
            number = store.delete(**wanted)
        left = len(store)
        undated = store.summarize().undated if "before" in wanted else 0
    if as_json:
        put_json({"deleted": 0 if dry_run else number, "matching": number, "left": left, "undated": undated})
        return
    done = (
        f"{format_count(number, 'trace')} would be deleted"
        if dry_run
        else f"{format_count(number, 'trace')} deleted"
    )
    stays = f"; {format_count(undated, 'trace')} without a start time kept" if undated else ""
    put(
        f"{hide_secrets(traces)}: {done}, {format_count(left, 'trace')} {'now' if dry_run else 'left'}{stays}"
    )


def _format_moment(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"


def _format_trace(trace: Trace) -> list[str]:
    about = {"task": trace.task_id, "thread": trace.thread_id, "domain": trace.domain, "model": trace.model}
    known = "".join(f", {name} {make_visible_line(value)}" for name, value in about.items() if value)
    lines = [f"{make_visible_line(trace.trace_id)}: {_format_moment(trace.started_at)}{known}"]
    for number in range(len(trace.model_calls) + 1):
        lines += [
            f"  {each.role}: {_indent_text(each.text)}" for each in trace.messages if each.before == number
        ]
        if number < len(trace.model_calls):
            call = trace.model_calls[number]
            lines.append(f"  #{number} model: {_indent_text(call.text or call.error or '-')}")
            lines += [f"     {_format_call(each)}" for each in trace.tool_calls_of(number)]
    lines += [f"  unasked: {_format_call(each)}" for each in trace.tool_calls if each.model_call is None]
    return lines


def _indent_text(text: str) -> str:
    """Text of which no line begins as ours do."""
    return "\n     | ".join(text.splitlines())


def _format_call(call: Any) -> str:
    from langchain_awo.model.text.encoding import dumps

    returned = _indent_text(call.error) if call.error else dumps(call.output)
    return f"{make_visible_line(call.name)}({dumps(call.args)}) -> {call.status}: {returned}"
