"""The examples in docstrings, which the reference shows, do what they say."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import langchain_awo

MODULES = [
    module.name
    for module in pkgutil.walk_packages(langchain_awo.__path__, "langchain_awo.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_module_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(import_module(name))
    assert failed == 0
