"""An SQL analyst: it looks at the tables, at the columns of those it needs, and asks. It writes its SQL itself."""

import random
from typing import Any

from desk import Database, make_tool, mix_tasks, understand
from langchain_core.tools import BaseTool

from langchain_awo.demo.agent.policy import Assignment
from langchain_awo.demo.agent.wants import AgentView, OwnWords, Recipe, RequestValue, Want
from langchain_awo.demo.backoffice.tasks import Task

PHRASES = {
    "count": "How many rows of {table} are about {region}?",
    "total": "What is the total amount of {table} in {region}?",
    "freshness": "How fresh is {table}?",
}
TABLES = ("sales", "refunds", "visits", "complaints")
REGIONS = ("north", "south", "east", "west", "centre")
READS = ("list_tables", "describe_table", "get_freshness")


class Warehouse:
    """A data warehouse, the same in every one."""

    def __init__(self) -> None:
        self._database = Database(
            "".join(f"create table {table} (region, amount);" for table in TABLES)
            + "create table loads (name, loaded);"
        )
        chance = random.Random(11)
        for table in TABLES:
            self._database.ask(
                "insert into loads values (?, ?)", table, f"{chance.randrange(1, 48)} hours ago"
            )
            for _ in range(60):
                row = (chance.choice(REGIONS), chance.randrange(500))
                self._database.ask(f"insert into {table} values (?, ?)", *row)  # noqa: S608  # constants

    def tools(self) -> list[BaseTool]:
        """What the agent is given."""
        ask = self._database.ask

        def list_tables() -> str:
            """The tables of the warehouse, one a line."""
            return "\n".join(f"- {table}" for table in TABLES)

        def describe_table(table: str) -> str:
            """The columns of a table."""
            found = ask("select name from pragma_table_info(?)", table)
            return f"Table: {table}\nColumns: {', '.join(each['name'] for each in found)}"

        def get_freshness(table: str) -> dict[str, Any]:
            """When a table was loaded."""
            return self._database.one(f"table {table}", "select * from loads where name = ?", table)

        def run_query(sql: str) -> list[dict[str, Any]]:
            """Run a query."""
            return ask(sql)

        return [make_tool(each) for each in (list_tables, describe_table, get_freshness, run_query)]

    def rows(self) -> dict[str, list[Any]]:
        """All data."""
        return self._database.rows(*TABLES)

    def achieved(self, task: Task, answer: str) -> bool:
        """Whether the answer is the figure."""
        kind, said = understand(PHRASES, task.instruction)
        if kind == "freshness":
            truth = self._database.ask("select loaded from loads where name = ?", said["table"])
            return answer == truth[0]["loaded"]
        return answer == str(self._database.ask(_query(kind, said))[0]["figure"])

    def close(self) -> None:
        """Ends it."""
        self._database.close()


def generate_tasks(count: int) -> list[Task]:
    """Distinct tasks in a mixed order."""
    requests = [
        (kind, {"table": table, "region": region})
        for kind in ("count", "total")
        for table in TABLES
        for region in REGIONS
    ]
    fresh = [("freshness", {"table": table}) for table in TABLES]
    return mix_tasks(PHRASES, requests + fresh, count, seed=12)


def plan_for(instruction: str) -> Assignment:
    """The calls a task takes."""
    kind, said = understand(PHRASES, instruction)
    tables = Want("list_tables", {})
    if kind == "freshness":
        fresh = Want("get_freshness", {"table": RequestValue("table")})
        return Assignment(
            Recipe(lambda reader: str(reader.found("get_freshness", "/loaded")), (tables, fresh)), said
        )
    columns = Want("describe_table", {"table": RequestValue("table")})
    query = Want("run_query", {"sql": OwnWords(lambda reader: _query(kind, reader.said))})
    return Assignment(Recipe(_figure, (tables, columns, query)), {**said, "kind": kind})


def _figure(reader: AgentView) -> str:
    return str(reader.found("run_query", "/0/figure"))


def _query(kind: str, said: Any) -> str:
    what = "count(*)" if kind == "count" else "sum(amount)"
    return f"select {what} as figure from {said['table']} where region = '{said['region']}'"  # noqa: S608  # the agent's words
