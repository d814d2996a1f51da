"""`awo review`: a page on this machine on which a person decides about the meta-tools of a toolkit."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from langchain_awo.cli.decide import File, KeyFile
from langchain_awo.cli.options import AsJson, Domain, Model
from langchain_awo.cli.terminal import put, put_json, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_awo.plan_file import PlanFile
    from langchain_awo.review.examples import Examples


def review(
    file: File,
    *,
    traces: Annotated[
        str | None, typer.Option(help="Recorded runs to show as examples.", show_default=False)
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only check: exit with 1 if a meta-tool awaits a decision."),
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address without opening a browser.")
    ] = False,
    key_file: KeyFile = None,
    domain: Domain = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Review the meta-tools of a toolkit on a page that only this machine can open.

    Example: `awo review toolkit.json --traces traces.db`, or `awo review toolkit.json --check`
    """
    from langchain_awo.plan_file import check_writable, read_key, read_plan_file

    found = read_plan_file(file)
    if check or as_json:
        _tell(found, as_json=as_json)
        return
    import langchain_awo.review.server  # noqa: F401  # says now, not after reading traces, that an extra is missing

    key = read_key(key_file) if key_file else None
    check_writable(found, key=key)
    examples = _read_examples(found, traces, domain=domain, model=model) if traces else None
    _serve(file, key, examples, port=port, opens=not no_browser)


def _tell(found: PlanFile, *, as_json: bool) -> None:
    """Where everything stands, without a page; exit code 1 if something waits."""
    from langchain_awo.model.ir.reviewing import list_decidable
    from langchain_awo.model.views.decision_text import encode_decision, format_decisions, list_waiting

    left = [each.name for each in list_waiting(found.plan)]
    problem = found.problem()
    if as_json:
        decided = [encode_decision(each) for each in list_decidable(found.plan)]
        put_json({"meta_tools": decided, "waiting": left, "problem": problem})
    else:
        put(format_decisions(found.plan))
    if problem:
        say(problem, style="red")
    if left or problem:
        raise typer.Exit(1)


def _read_examples(
    found: PlanFile, traces: str, *, domain: str | None, model: str | None
) -> Mapping[str, Examples]:
    from langchain_awo.cli.reading import Reading, count
    from langchain_awo.model.ir.reviewing import list_decidable
    from langchain_awo.model.ir.sameness import digest_routine
    from langchain_awo.review.examples import find_examples

    listed = list_decidable(found.plan)
    log = count(Reading(traces, domain=domain, model=model))
    examples = find_examples(log.sampled().traces, listed)
    return {digest_routine(each): examples[each.name] for each in listed}


def _serve(
    file: Path, key: bytes | None, examples: Mapping[str, Examples] | None, *, port: int, opens: bool
) -> None:
    from langchain_awo.review.desk import Desk
    from langchain_awo.review.server import ReviewSession, build_server, open_socket, review_app

    with open_socket(port) as listening, TemporaryDirectory(prefix="awo-review-") as folder:
        session = ReviewSession(listening.getsockname()[1])
        server = build_server(review_app(Desk(path=file, key=key, examples=examples), session))
        put(session.url)
        say("decisions are saved as you make them; press Ctrl-C to finish")
        if opens:
            _open(session.url, Path(folder))
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


def _open(url: str, folder: Path) -> None:
    """Opens a file that leads to the address: what a browser is started with can be seen by every user of the machine.

    Args:
        folder: one that nobody else may read.
    """
    import webbrowser

    page = folder / "review.html"
    page.write_text(
        f'<meta charset="utf-8"><meta http-equiv="refresh" content="0; url={url}">', encoding="utf-8"
    )
    webbrowser.open(page.as_uri())
