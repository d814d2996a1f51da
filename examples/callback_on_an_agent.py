"""Record an agent by adding one callback, compile what it repeats, give it the result.

Runs without a key: a scripted model stands in for an LLM. With an LLM only the line that makes the model changes.
"""

import tempfile
from pathlib import Path

from langchain.agents import create_agent
from langchain_core.tools import tool

import langchain_awo as awo
from langchain_awo.testing import ScriptedChatModel, ask_tools


@tool
def find_user(email: str) -> dict:
    """Find a user by e-mail address: their id and name."""
    return {"user_id": f"U-{len(email)}", "name": email.split("@", maxsplit=1)[0]}


@tool
def get_balance(user_id: str) -> dict:
    """Get the balance of a user's account."""
    return {"user_id": user_id, "balance": 10}


TOOLS = [find_user, get_balance]
EMAILS = [f"{'a' * length}@example.com" for length in range(1, 13)]


def model_for(email: str) -> ScriptedChatModel:
    """What an LLM would do for this question."""
    user_id = f"U-{len(email)}"
    script = [
        ask_tools(("find_user", {"email": email})),
        ask_tools(("get_balance", {"user_id": user_id})),
        "10 euros.",
    ]
    return ScriptedChatModel(script=script)


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    recorder = awo.TraceRecorder(folder / "traces.db")
    for email in EMAILS:
        agent = create_agent(model_for(email), tools=TOOLS)
        question = {"messages": [("user", f"What is the balance of {email}?")]}
        agent.invoke(question, config={"callbacks": [recorder], "metadata": {"task_id": email}})
    recorder.close()

    toolkit = awo.compile_toolkit(folder / "traces.db", tools=TOOLS)
    print(toolkit)

    script = [ask_tools(("find_user", {"email": "new@example.com"})), "10 euros."]
    middleware = awo.MetaToolMiddleware(toolkit)  # in continue mode: the balance comes along with the user
    agent = create_agent(ScriptedChatModel(script=script), tools=TOOLS, middleware=[middleware])
    answer = agent.invoke({"messages": [("user", "What is the balance of new@example.com?")]})
    print(answer["messages"][-2].content)


if __name__ == "__main__":
    main()
