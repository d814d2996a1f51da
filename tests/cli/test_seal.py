"""`awo seal` vouches for a reviewed toolkit, and tells whether one was edited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def edited(awo, store):
    assert awo("compile", store).exit_code == 0
    data = json.loads(Path("toolkit.json").read_text())
    data["meta_tools"][0]["description"] = "Looks up an order, and says so in other words."
    Path("toolkit.json").write_text(json.dumps(data))
    return "toolkit.json"


@pytest.mark.parametrize(
    "verb",
    [
        ["replay", "traces.db", "-t", "toolkit.json"],
        ["recompile", "traces.db", "-t", "toolkit.json"],
        ["export", "toolkit.json", "--python"],
    ],
    ids=lambda words: words[0],
)
def test_an_edited_toolkit_is_refused_until_it_is_sealed(awo, edited, verb):
    refused = awo(*verb)
    assert refused.exit_code == 2
    assert "toolkit.json was edited since it was sealed" in refused.stderr
    assert "`awo seal toolkit.json`" in refused.stderr
    sealed = awo("seal", edited)
    assert (sealed.exit_code, "order_id" in sealed.stdout) == (0, True)
    assert awo(*verb).exit_code == 0


def test_an_edited_toolkit_can_still_be_reviewed(awo, edited):
    shown = awo("show", edited)
    assert shown.exit_code == 0
    assert "was edited since it was sealed" in shown.stderr
    assert "was edited" in awo("diff", edited, edited).stderr


def test_checking_changes_nothing_and_says_no_with_one(awo, edited):
    before = Path(edited).read_bytes()
    assert awo("seal", edited, "--check").exit_code == 1
    assert Path(edited).read_bytes() == before
    awo("seal", edited)
    assert awo("seal", edited, "--check").exit_code == 0


def test_what_compile_and_recompile_write_is_sealed(awo, store):
    awo("compile", store)
    awo("recompile", store, "-t", "toolkit.json", "-o", "new.json")
    for path in ("toolkit.json", "new.json"):
        assert awo("seal", path, "--check").exit_code == 0


def test_a_signature_is_checked_with_its_key_alone(awo, store):
    awo("compile", store)
    Path("release.key").write_text("a key of the release team\n")
    Path("other.key").write_text("a key of somebody else\n")
    assert awo("seal", "toolkit.json", "--check", "--key-file", "release.key").exit_code == 1
    assert awo("seal", "toolkit.json", "--key-file", "release.key").exit_code == 0
    assert awo("seal", "toolkit.json", "--check", "--key-file", "release.key").exit_code == 0
    assert awo("seal", "toolkit.json", "--check", "--key-file", "other.key").exit_code == 1


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), ("short", "at least 16")])
def test_a_key_that_is_none_is_refused(awo, store, content, said):
    awo("compile", store)
    if content:
        Path("bad.key").write_text(content)
    result = awo("seal", "toolkit.json", "--key-file", "bad.key")
    assert result.exit_code == 2
    assert said in result.stderr
