"""`awo replay`: what a compiled toolkit would have saved on given traces."""

from __future__ import annotations

from langchain_awo.cli.options import AsJson, Domain, Model, Toolkit, Traces
from langchain_awo.cli.sources import read_sample
from langchain_awo.cli.tables import put_savings
from langchain_awo.cli.terminal import format_count, put, put_json, put_table, put_wrapped, waiting


def replay_toolkit(
    traces: Traces,
    *,
    toolkit: Toolkit,
    domain: Domain = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Show what a toolkit would have saved in recorded runs; nothing is executed.

    Example: `awo replay new-traces.db --toolkit toolkit.json`
    """
    from langchain_awo.optimizer.log.habits import read_together
    from langchain_awo.optimizer.pipeline import Options
    from langchain_awo.optimizer.replay.evaluate import replay_report
    from langchain_awo.plan_file import read_plan

    plan = read_plan(toolkit)
    found = read_sample(traces, domain=domain, model=model)
    effects = {name: signature.effect for name, signature in plan.tools.items()}
    with waiting("replaying"):
        report = replay_report(
            found,
            plan.meta_tools,
            options=Options(effects=effects),
            together=read_together(plan.corpus.get("together")),
        )
    if as_json:
        put_json(report.as_json())
        return
    put(f"{format_count(report.traces, 'trace')} with {format_count(report.model_calls, 'model call')}\n")
    if report.unused:
        put_wrapped(
            f"The agents had meta-tools. Of {format_count(report.unused, 'call')} that these made nothing came back in what the agents said "
            "or asked for afterwards; they are left out, so savings are the least that they can be."
        )
        put("")
    put_savings({toolkit.name: report.result}, report.ceiling)
    put_table(
        "Uses by a chooser",
        ["meta-tool", "uses"],
        [[each.name, f"{report.uses.get(each.name, 0):,}"] for each in plan.meta_tools],
    )
