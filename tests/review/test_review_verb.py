"""`awo review` as a person starts it: it prints an address that works at once, and ends with Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest


@pytest.fixture
def review(toolkit):
    """Starts the verb in a process of its own; gives it and the address it prints."""
    started = []

    def start(*options):
        command = [sys.executable, "-m", "langchain_awo", "review", str(toolkit), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_address_works_at_once_and_the_review_ends_in_peace(review, socket_enabled):
    process, address = review("--no-browser")
    with urllib.request.urlopen(f"{address}api/state") as answer:  # noqa: S310  # our own address
        assert len(json.load(answer)["meta_tools"]) == 3
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.rsplit("/", 2)[0] + "/")  # noqa: S310  # our own address
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=30)[1]
    assert process.returncode == 0
    assert "Traceback" not in told


def test_a_browser_is_not_started_with_the_secret_in_its_arguments(monkeypatch, tmp_path):
    """Every user of a machine can see with what a program was started."""
    import webbrowser

    from langchain_awo.cli.review import _open

    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    _open("http://127.0.0.1:1/secret/", tmp_path)
    assert "secret" not in opened[0]
    assert "http://127.0.0.1:1/secret/" in (tmp_path / "review.html").read_text()
