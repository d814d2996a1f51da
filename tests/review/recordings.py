"""Recorded runs of a help desk that pages the team for what is urgent, and pays back what was returned."""

from __future__ import annotations

import json


def runs(count: int = 60, *, urgent: str = "high", paid: str = "received") -> list[str]:
    """Lines of a file of messages.

    Args:
        count: runs of each of the three kinds.
        urgent: the severity at which the agent pages the team.
        paid: the state in which it pays back.
    """
    lines = []
    for number in range(count):
        lines += [
            _alert(number, urgent),
            _return(number, paid),
            _orders(number),
        ]
    return lines


def _alert(number: int, urgent: str) -> str:
    alert = f"ALR-{7000 + number}"
    severity = ("high", "low", "medium")[number % 3]
    found = {
        "alert": alert,
        "severity": severity,
        "team": f"team-{number % 7}-{number}",
        "service": f"svc {number}",
    }
    calls = [("get_alert", {"alert_id": alert}, found)]
    if severity == urgent:
        calls.append(("page_team", {"team": found["team"]}, {"paged": True}))
    return _run(f"alert-{number}", f"Look at {alert}, please.", calls)


def _return(number: int, paid: str) -> str:
    parcel = f"RET-{3000 + number}"
    state = ("received", "on its way", "lost")[number % 3]
    found = {"return": parcel, "state": state, "order": f"ORD-{9000 + number}", "amount": 20.5 + number}
    calls = [("get_return", {"return_id": parcel}, found)]
    if state == paid:
        calls.append(("pay_back", {"order": found["order"], "amount": found["amount"]}, {"paid": True}))
    return _run(f"return-{number}", f"What about my return {parcel}?", calls)


def _orders(number: int) -> str:
    email = f"p{number}@example.com"
    customer = f"C-{5000 + number}"
    orders = [{"order": f"ORD-{number}-{i}", "total": 10 * i + number} for i in range(2)]
    calls = [
        ("find_customer", {"email": email}, {"customer": customer, "name": f"Person {number}"}),
        ("list_orders", {"customer": customer}, {"orders": orders}),
    ]
    return _run(f"orders-{number}", f"Which orders does {email} have?", calls)


def _run(task: str, asked: str, calls: list) -> str:
    messages = [{"role": "user", "content": asked}]
    for number, (name, args, output) in enumerate(calls):
        call_id = f"{task}-{number}"
        function = {"name": name, "arguments": json.dumps(args)}
        messages.append(
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": call_id, "type": "function", "function": function}],
            }
        )
        messages.append({"role": "tool", "tool_call_id": call_id, "content": json.dumps(output)})
    messages.append({"role": "assistant", "content": "That is all that there is."})
    return json.dumps({"id": task, "task_id": task, "messages": messages})
