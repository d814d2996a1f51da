"""`awo accept`, `awo reject` and their like: what a person decides about the meta-tools of a toolkit file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from langchain_awo.cli.notation import lay_out_meta_tool
from langchain_awo.cli.options import AsJson
from langchain_awo.cli.terminal import measure_terminal, put, put_json, say

if TYPE_CHECKING:
    from langchain_awo.model.ir.metatool import ToolkitPlan

File = Annotated[Path, typer.Argument(metavar="FILE", help="A toolkit written by `awo compile`.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The meta-tool.")]
Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="The meta-tools.")]
Reason = Annotated[str, typer.Option(help="The reason, in your own words; stored in the file.")]
By = Annotated[str, typer.Option(help="Who decides; stored in the file.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="Key to sign the file with again; required if it is signed.", show_default=False),
]
Approval = Annotated[
    list[str] | None,
    typer.Option(
        "--needs-approval",
        metavar="TOOL",
        help="Require a person's approval before each call of this tool by the meta-tool; repeatable.",
    ),
]

Change: TypeAlias = "Callable[[ToolkitPlan], ToolkitPlan]"


def accept(
    file: File,
    names: Names,
    *,
    reason: Reason = "",
    by: By = "",
    needs_approval: Approval = None,
    no_approval: Annotated[
        bool,
        typer.Option("--no-approval", help="Require no approval while it runs, overriding earlier marks."),
    ] = False,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Accept meta-tools as they are now; one that writes is installed only after it is accepted.

    Example: `awo accept toolkit.json refund_delivered_order --by ann --needs-approval issue_refund`
    """
    from langchain_awo.model.ir import reviewing

    if needs_approval and no_approval:
        raise typer.BadParameter("it conflicts with --needs-approval", param_hint="--no-approval")

    def change(plan: ToolkitPlan) -> ToolkitPlan:
        plan = reviewing.accept(plan, *names, reason=reason, by=by, at=_get_now())
        if needs_approval or no_approval:
            for name in names:
                plan = reviewing.ask_before(plan, name, needs_approval or ())
        return plan

    _decide(file, change, names, key_file=key_file, as_json=as_json)


def reject(
    file: File,
    names: Names,
    *,
    reason: Reason = "",
    by: By = "",
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Reject meta-tools: they are never installed, and not compiled again.

    Example: `awo reject toolkit.json refund_delivered_order --reason "finance checks each refund"`
    """
    from langchain_awo.model.ir import reviewing

    def change(plan: ToolkitPlan) -> ToolkitPlan:
        return reviewing.reject(plan, *names, reason=reason, by=by, at=_get_now())

    _decide(file, change, names, key_file=key_file, as_json=as_json)


def undecide(file: File, names: Names, *, key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """Take decisions back; the meta-tools are then undecided.

    Example: `awo undecide toolkit.json refund_delivered_order`
    """
    from langchain_awo.model.ir import reviewing

    _decide(file, lambda plan: reviewing.undecide(plan, *names), names, key_file=key_file, as_json=as_json)


def rename(
    file: File,
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What to call it.")],
    *,
    description: Annotated[
        str, typer.Option(help="A new description as well; models choose tools by it.", show_default=False)
    ] = "",
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Rename a meta-tool; recompiling keeps the name.

    Example: `awo rename toolkit.json get_customer_orders orders_of_customer`
    """
    from langchain_awo.model.ir import reviewing

    def change(plan: ToolkitPlan) -> ToolkitPlan:
        plan = reviewing.rename(plan, name, new)
        return reviewing.reword(plan, new, description) if description else plan

    _decide(file, change, [new], key_file=key_file, as_json=as_json)


def reword(
    file: File,
    name: Name,
    description: Annotated[
        str, typer.Argument(metavar="DESCRIPTION", help="What it is for; models choose tools by it.")
    ],
    *,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Change the description of a meta-tool; recompiling keeps it.

    Example: `awo reword toolkit.json get_customer_orders "All orders of a customer, with their items."`
    """
    from langchain_awo.model.ir import reviewing

    _decide(
        file,
        lambda plan: reviewing.reword(plan, name, description),
        [name],
        key_file=key_file,
        as_json=as_json,
    )


def set_mode(
    file: File,
    name: Name,
    mode: Annotated[
        str, typer.Argument(metavar="MODE", help="append, replace, continue, entry or prefetch.")
    ],
    *,
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Set how a meta-tool is installed; recompiling keeps the mode.

    Example: `awo set-mode toolkit.json get_customer_orders continue`
    """
    from langchain_awo.model.ir import reviewing

    def change(plan: ToolkitPlan) -> ToolkitPlan:
        wanted: Any = mode  # the function checks it
        return reviewing.set_mode(plan, name, wanted)

    _decide(file, change, [name], key_file=key_file, as_json=as_json)


def _decide(
    file: Path, change: Change, names: Sequence[str], *, key_file: Path | None, as_json: bool
) -> None:
    """Changes the file, then tells where the meta-tools stand that it was about."""
    from langchain_awo.model.ir.reviewing import find_meta_tool
    from langchain_awo.model.views.decision_text import encode_decision, format_decision, list_waiting
    from langchain_awo.plan_file import read_key, update_plan

    plan = update_plan(file, change, key=read_key(key_file) if key_file else None).plan
    found = [find_meta_tool(plan, name) for name in names]
    left = [each.name for each in list_waiting(plan)]
    if as_json:
        put_json({"meta_tools": [encode_decision(each) for each in found], "waiting": left})
    else:
        width = measure_terminal()
        put("\n\n".join(f"{format_decision(each)}\n{lay_out_meta_tool(each, width)}" for each in found))
    say(f"{file} is written and sealed")
    if left:
        say(f"left out until accepted: {', '.join(left)}")


def _get_now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
