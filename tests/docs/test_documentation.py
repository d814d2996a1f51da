"""What the documentation says is true: commands exist, programs run, links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer

from langchain_awo.cli import app
from langchain_awo.demo.agent.agent import build_agent, scripted_model
from langchain_awo.demo.backoffice.tasks import generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World
from langchain_awo.optimizer.replay.ceiling import Ceiling
from langchain_awo.optimizer.replay.evaluate import Saving
from tests.docs.pages import PAGES, ROOT, anchors_of, blocks_of, links_of, stray_rows_of, tables_of, text_of


def blocks(name, language):
    return [block.text for block in blocks_of(name) if block.language == language]


def console_lines(name):
    return [
        line[2:]
        for block in blocks(name, "console")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("$ ")
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


@pytest.mark.parametrize("name", ["docs/safety.md", "docs/traps.md"])
def test_every_test_that_a_page_relies_on_exists(name):
    named = re.findall(r"`(\w+)::(test_\w+)`", text_of(name))
    assert len(named) > 10
    for module, test in named:
        sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob(f"test_{module}.py")]
        assert any(f"def {test}(" in source for source in sources), f"{module}::{test}"


def spelled_out(line):
    """The words of a command, with the verb that `awo export toolkit.json` leaves out."""
    words = shlex.split(line)
    words = words[: words.index(">")] if ">" in words else words
    leaves_out = words[1:2] == ["export"] and words[2:3] not in (["toolkit"], ["traces"])
    return [*words[:2], "toolkit", *words[2:]] if leaves_out else words


@pytest.mark.parametrize("name", PAGES)
def test_every_command_that_is_shown_is_one(name):
    shown = [spelled_out(line) for line in console_lines(name) if line.startswith("awo ")]
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


def test_every_install_that_is_shown_is_of_a_clone_and_of_extras_that_exist():
    """The package is on no index."""
    extras = tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"].keys()
    shown = [
        found.groups()
        for name in PAGES
        for found in re.finditer(r"pip install ['\"](\S*)langchain-awo\[([\w,]+)\]", text_of(name))
    ]
    assert {where for where, _ in shown} <= {"path/to/", "../"}
    assert {extra for _, named in shown for extra in named.split(",")} <= extras


def test_every_make_target_that_is_shown_exists():
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    shown = {
        line.split("make ")[1].split()[0] for name in PAGES for line in console_lines(name) if "make " in line
    }
    assert {"demo", "test", "check"} <= shown <= targets


@pytest.mark.parametrize("name", PAGES)
def test_links_inside_the_repository_lead_somewhere(name):
    """On GitHub; `make docs` holds the site to the same."""
    for link in links_of(name):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            continue
        page = (ROOT / name).parent / parts.path if parts.path else ROOT / name
        assert page.exists(), link
        assert page.resolve().is_relative_to(ROOT), link
        assert not parts.fragment or parts.fragment in anchors_of(page), link


@pytest.mark.parametrize("name", PAGES)
def test_tables_hold_their_rows_and_nothing_else(name):
    """An empty line inside a table turns the rest of it into text; a line right behind it becomes a row."""
    assert stray_rows_of(name) == []


def test_every_page_is_reachable_from_the_readme():
    """By links, as GitHub shows the pages; the site has its sidebar too."""
    seen, new = set(), {"README.md"}
    while new:
        page = new.pop()
        seen.add(page)
        for link in links_of(page):
            target = ((ROOT / page).parent / urlsplit(link).path).resolve()
            name = str(target.relative_to(ROOT)) if target.is_relative_to(ROOT) else ""
            new |= {name} & set(PAGES) - seen
    stands_for_another = {name for name in PAGES if re.fullmatch(r"See \[.*\]\(\.\./.*\)\.\n", text_of(name))}
    assert set(PAGES) - seen <= stands_for_another


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


def test_the_savings_in_the_readme_are_those_of_the_benchmarks():
    """Model calls of all kinds, chosen blindly; the best corpus first."""
    by_corpus = {
        cells[0]: float(cells[11].rstrip("%"))
        for table in tables_of("docs/benchmarks.md")
        if table.note == "evaluation table"
        for cells in table.rows
        if " / " not in cells[0]
    }
    *others, last = (f"{saved:.0f}%" for saved in sorted(by_corpus.values(), reverse=True))
    assert f"it saves {', '.join(others)} and {last} of" in text_of("README.md")
