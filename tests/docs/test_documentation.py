"""What the documentation says is true: commands exist, programs run, links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from langchain_awo.cli import app
from langchain_awo.demo.agent import build_agent, scripted_model
from langchain_awo.demo.tasks import generate_tasks
from langchain_awo.demo.tools import back_office_tools
from langchain_awo.demo.world import World
from langchain_awo.optimizer.ceiling import Ceiling
from langchain_awo.optimizer.evaluate import Saving

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name, language):
    return re.findall(rf"```{language}\n(.*?)```", text_of(name), re.DOTALL)


def console_lines(name):
    return [
        line[2:] for block in blocks(name, "console") for line in block.splitlines() if line.startswith("$ ")
    ]


def verbs(command, path=()):
    """Every command that does something, with its options."""
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from verbs(each, (*path, name))
        else:
            yield (
                (*path, name),
                {option for param in each.params for option in param.opts if option[0] == "-"},
            )


VERBS = dict(verbs(typer.main.get_command(app)))


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_is_shown_is_one(name):
    shown = [shlex.split(line) for line in console_lines(name) if line.startswith("awo ")]
    for _, *words in shown:
        verb = next((verb for verb in VERBS if tuple(words[: len(verb)]) == verb), None)
        assert verb, f"awo {' '.join(words)} is no command"
        used = {word.split("=")[0] for word in words if word.startswith("-")}
        assert used <= VERBS[verb], f"awo {' '.join(words)}"


def test_every_command_and_option_is_described():
    sections = dict(
        re.findall(r"^## awo (.+?)\n(.*?)(?=^## |\Z)", text_of("docs/cli.md"), re.DOTALL | re.MULTILINE)
    )
    assert sections.keys() == {" ".join(verb) for verb in VERBS}
    for verb, options in VERBS.items():
        missing = {each for each in options if each.startswith("--") and each not in sections[" ".join(verb)]}
        assert missing == set(), f"awo {' '.join(verb)}"


def test_every_make_target_that_is_shown_exists():
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    shown = {
        line.split("make ")[1].split()[0] for name in NAMES for line in console_lines(name) if "make " in line
    }
    assert {"demo", "test", "check"} <= shown <= targets


@pytest.mark.parametrize("name", NAMES)
def test_links_inside_the_repository_lead_somewhere(name):
    here = (ROOT / name).parent
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text_of(name), flags=re.DOTALL))
    for link in links:
        target, _, anchor = link.partition("#")
        if target.startswith("https://"):
            continue
        page = here / target if target else ROOT / name
        assert page.exists(), link
        headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, link


def test_every_metric_is_defined():
    defined = set(re.findall(r"`([a-z_]+)`", text_of("docs/metrics.md")))
    keys = {field.name.rstrip("_") for kind in (Saving, Ceiling) for field in fields(kind)}
    assert keys <= defined


def test_the_program_in_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    (program,) = blocks("README.md", "python")
    with World.create() as world:
        task = next(task for task in generate_tasks(world, 10) if task.family == "where_is_order")
        names = {
            "model": scripted_model(),
            "tools": back_office_tools(world),
            "inputs": {"messages": [("user", task.instruction)]},
        }
        exec(program, names)  # noqa: S102  # the point of the test
        assert json.loads(Path("toolkit.json").read_text())["corpus"]["traces"] == 1
        answer = names["agent"].invoke(names["inputs"])["messages"][-1].text
        plain = build_agent(names["model"], names["tools"]).invoke(names["inputs"])["messages"][-1].text
        assert answer == plain


def test_the_output_in_the_readme_is_that_of_the_demo():
    """It has every figure that the demo prints; the figures themselves change with the optimizer."""
    (shown,) = blocks("README.md", "text")
    for part in ("model calls", "tool calls", "tokens", "seconds", "Same final state of the database: yes"):
        assert part in shown
