"""A nightly job: watch a toolkit with `awo.monitor`, and compile it anew with `awo.recompile` when that is needed.

Three days in the demo's back office: agents are recorded and their routines compiled; they work with the toolkit as before;
then they are asked for other things. The job at the end of a day is what a CI job would do, see docs/guides/nightly.md.

Runs without a key: a scripted model stands in for an LLM. Agent, tools, database and traces are real.
"""

import tempfile
from pathlib import Path

import langchain_awo as awo
from langchain_awo.demo.agent.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.backoffice.tasks import Task, generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World

PRICES = "models: {back-office-policy: {input: 0.4, cached: 0.1, output: 1.6}}\n"
"""As if the scripted model were one of the cheaper ones."""

OTHER_THINGS = {"goodwill", "cancel_order", "small_talk", "reopen_ticket"}


def nightly_job(folder: Path, traces: Path, tools: list) -> int:
    """What runs every night: 0 if there is nothing to do, 1 if a person should look at what it leaves."""
    toolkit = folder / "toolkit.json"
    watched = awo.monitor(traces, toolkit, prices=folder / "prices.yaml")
    print(watched)
    if watched.decision.action != "recompile":
        return 1 if watched.is_work else 0
    new, changes = awo.recompile(traces, toolkit, tools=tools)
    new.save(folder / "new-toolkit.json")  # a CI job would open a pull request with it
    (folder / "changes.txt").write_text(f"{changes}\n", encoding="utf-8")
    print(f"\n{changes}\n\nnew-toolkit.json and changes.txt are for a person to review")
    return 1


def work(world: World, tasks: list[Task], store: Path, toolkit: Path | None = None) -> list:
    """A day of the agent, recorded; with a toolkit if there is one. Gives the tools it had."""
    tools = back_office_tools(world)
    installed = toolkit and awo.MetaToolMiddleware(awo.MetaToolkit.load(toolkit, tools=tools))
    agent = build_agent(scripted_model(), tools, middleware=[installed] if installed else [])
    with awo.TraceRecorder(store) as recorder:
        run_tasks(agent, tasks, callbacks=[recorder])
    return tools


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    (folder / "prices.yaml").write_text(PRICES, encoding="utf-8")
    toolkit = folder / "toolkit.json"
    with World.create() as world:
        tasks = generate_tasks(world, 800)
        first, second = tasks[:120], tasks[120:200]
        third = [task for task in tasks[200:] if task.family in OTHER_THINGS][:80]

        print("== day 1: the agent works, and its routines are compiled")
        tools = work(world, first, folder / "day-1.db")
        compiled = awo.compile_toolkit(folder / "day-1.db", tools=tools, max_tools=3)
        compiled.save(toolkit)
        print("\n".join(each.name for each in compiled.meta_tools))

        for day, todo in ((2, second), (3, third)):
            print(f"\n== day {day}: the agent works with the toolkit, and in the night the job runs")
            traces = folder / f"day-{day}.db"
            tools = work(world, todo, traces, toolkit)
            print(f"exit code {nightly_job(folder, traces, tools)}")


if __name__ == "__main__":
    main()
