"""Fixtures of the runtime's tests."""

from typing import Any

import pytest

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import Desk, plan_of


@pytest.fixture
def desk(tmp_path: Any) -> Desk:
    return Desk(str(tmp_path / "desk.db"))


@pytest.fixture
def toolkit(desk: Desk) -> Any:
    """Builds a toolkit of meta-tools over the desk's tools; no test knows what another one did."""
    memory = RunMemory()

    def build(*meta_tools: MetaTool, **options: Any) -> MetaToolkit:
        tools = desk.tools
        return MetaToolkit(plan=plan_of(tools, *meta_tools), tools=tools, **{"memory": memory, **options})

    return build


@pytest.fixture(params=["create_agent", "state_graph"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param
