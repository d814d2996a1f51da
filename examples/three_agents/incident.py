"""Incident response: alerts, metrics, deployments and logs; severe alerts page whoever is on call."""

import random
from typing import Any

from desk import Database, make_tool, mix_tasks, understand
from langchain_core.tools import BaseTool

from langchain_awo.demo.agent.policy import Assignment
from langchain_awo.demo.agent.wants import AgentView, OutputPlace, Recipe, RequestValue, Want, When
from langchain_awo.demo.backoffice.tasks import Task

PHRASES = {
    "cause": "What is behind alert {alert_id}?",
    "triage": "Triage alert {alert_id}; if it is high, page whoever is on call.",
    "blame": "Who shipped the change that runs on the service of alert {alert_id}?",
    "close": 'Close alert {alert_id} with the note "{note}".',
}
NOTES = ("false alarm", "fixed by a restart", "known, tracked elsewhere", "threshold was too low")
SERVICES = ("checkout", "search", "billing", "login", "mail", "images", "stock", "reports")
READS = ("get_alert", "get_metrics", "get_deployment", "get_logs", "get_oncall")
ALERTS = 70


class Operations:
    """The systems of an operations team, the same in every one."""

    def __init__(self) -> None:
        self._database = Database(
            "create table alerts (alert_id, service, severity, status, note);"
            "create table services (service, team, deployment_id, error_rate, latency_ms);"
            "create table deployments (deployment_id, author, summary);"
            "create table teams (team, engineer);"
            "create table pages (engineer, alert_id);"
        )
        self._seed(random.Random(5))

    def tools(self) -> list[BaseTool]:
        """What the agent is given."""
        ask, one = self._database.ask, self._database.one

        def get_alert(alert_id: str) -> dict[str, Any]:
            """An alert: its service, severity and status."""
            return one(f"alert {alert_id}", "select * from alerts where alert_id = ?", alert_id)

        def get_metrics(service: str) -> dict[str, Any]:
            """Error rate and latency of a service, its team, and the deployment that runs."""
            return one(f"service {service}", "select * from services where service = ?", service)

        def get_deployment(deployment_id: str) -> dict[str, Any]:
            """Who deployed what."""
            known = "select * from deployments where deployment_id = ?"
            return one(f"deployment {deployment_id}", known, deployment_id)

        def get_logs(service: str) -> str:
            """The last log lines of a service."""
            found = one(f"service {service}", "select * from services where service = ?", service)
            return f"{service}: {found['error_rate']:.1%} of the requests failed\n{service}: retrying"

        def get_oncall(team: str) -> dict[str, Any]:
            """Who of a team is on call."""
            return one(f"team {team}", "select * from teams where team = ?", team)

        def page_engineer(engineer: str, alert_id: str) -> dict[str, Any]:
            """Page an engineer."""
            ask("insert into pages values (?, ?)", engineer, alert_id)
            return {"paged": engineer}

        def close_alert(alert_id: str, note: str) -> dict[str, Any]:
            """Close an alert with a note."""
            ask("update alerts set status = 'closed', note = ? where alert_id = ?", note, alert_id)
            return {"alert_id": alert_id, "status": "closed"}

        functions = (
            get_alert,
            get_metrics,
            get_deployment,
            get_logs,
            get_oncall,
            page_engineer,
            close_alert,
        )
        return [make_tool(function) for function in functions]

    def rows(self) -> dict[str, list[Any]]:
        """Who was paged, and what became of the alerts."""
        return self._database.rows("alerts", "pages")

    def achieved(self, task: Task, answer: str) -> bool:
        """Whether somebody was paged or not as they should be, the alert was closed, or the answer is right."""
        kind, said = understand(PHRASES, task.instruction)
        known = "select * from alerts join services using (service) join teams using (team) join deployments using (deployment_id) where alert_id = ?"
        (truth,) = self._database.ask(known, said["alert_id"])
        paged = self._database.ask("select 1 from pages where alert_id = ?", said["alert_id"])
        match kind:
            case "triage":
                return bool(paged) == (truth["severity"] == "high")
            case "close":
                return bool(truth["note"] == said["note"])
            case _:
                return truth["author"] in answer

    def close(self) -> None:
        """Ends it."""
        self._database.close()

    def _seed(self, chance: random.Random) -> None:
        ask = self._database.ask
        for number, service in enumerate(SERVICES):
            team, deployment = f"team-{number % 4}", f"D-{700 + number}"
            rates = (chance.randrange(1, 90) / 1000, chance.randrange(40, 900))
            ask("insert into services values (?, ?, ?, ?, ?)", service, team, deployment, *rates)
            summary = f"{chance.choice(('bump', 'rewrite', 'tune', 'revert'))} {service}"
            ask("insert into deployments values (?, ?, ?)", deployment, f"dev{chance.randrange(90)}", summary)
        for number in range(4):
            ask("insert into teams values (?, ?)", f"team-{number}", f"engineer-{chance.randrange(100, 999)}")
        for number in range(ALERTS):
            row = (chance.choice(SERVICES), chance.choice(("high", "low", "medium")), "open", "")
            ask("insert into alerts values (?, ?, ?, ?, ?)", f"A-{3000 + number}", *row)


def generate_tasks(count: int) -> list[Task]:
    """Distinct tasks in a mixed order."""
    chance = random.Random(6)
    alerts = [f"A-{3000 + number}" for number in range(ALERTS)]
    requests = [
        (kind, {"alert_id": alert, "note": chance.choice(NOTES)} if kind == "close" else {"alert_id": alert})
        for alert in alerts
        for kind in PHRASES
    ]
    return mix_tasks(PHRASES, requests, count, seed=7)


def plan_for(instruction: str) -> Assignment:
    """The calls a task takes."""
    kind, said = understand(PHRASES, instruction)
    return Assignment({"cause": _cause, "triage": _triage, "blame": _blame, "close": _close}[kind](), said)


_ALERT = Want("get_alert", {"alert_id": RequestValue("alert_id")})
_METRICS = Want("get_metrics", {"service": OutputPlace("get_alert", "/service")})
_DEPLOYMENT = Want("get_deployment", {"deployment_id": OutputPlace("get_metrics", "/deployment_id")})
_LOGS = Want("get_logs", {"service": OutputPlace("get_alert", "/service")})
_IS_HIGH = When("get_alert", "/severity", "equals", "high")


def _cause() -> Recipe:
    return Recipe(_name_change, (_ALERT, _METRICS, _DEPLOYMENT, _LOGS))


def _blame() -> Recipe:
    return Recipe(_name_change, (_ALERT, _METRICS, _DEPLOYMENT))


def _triage() -> Recipe:
    oncall = Want("get_oncall", {"team": OutputPlace("get_metrics", "/team")}, when=_IS_HIGH)
    engineer = OutputPlace("get_oncall", "/engineer")
    page = Want("page_engineer", {"engineer": engineer, "alert_id": RequestValue("alert_id")}, when=_IS_HIGH)
    return Recipe(lambda _: "It is looked after.", (_ALERT, _METRICS, oncall, page))


def _close() -> Recipe:
    closing = Want("close_alert", {"alert_id": RequestValue("alert_id"), "note": RequestValue("note")})
    return Recipe(lambda _: "Closed.", (_ALERT, closing))


def _name_change(reader: AgentView) -> str:
    author, summary = (reader.found("get_deployment", path) for path in ("/author", "/summary"))
    return f"{author}: {summary}"
