import os

import pytest

from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World

os.environ["LANGSMITH_TRACING"] = "false"


@pytest.fixture(scope="session")
def first_morning():
    with World.create() as world:
        yield world


@pytest.fixture
def world(first_morning):
    with first_morning.copy() as world:
        yield world


@pytest.fixture
def tools(world):
    return {tool.name: tool for tool in back_office_tools(world)}
