"""LangChain's own standard tests, for a meta-tool that reads and one that writes and stops half-way."""

import tempfile
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from langchain_awo.runtime.tool.lowering import lower
from tests.runtime.desk import FIND, NOTE, ORDERS, REFUND, Desk, routine

_FOLDER = tempfile.TemporaryDirectory()


@pytest.fixture(scope="module", autouse=True)
def _clean_up() -> Any:
    yield
    _FOLDER.cleanup()


class _Reading:
    @property
    def tool_constructor(self) -> BaseTool:
        with tempfile.NamedTemporaryFile(dir=_FOLDER.name, suffix=".db", delete=False) as file:
            desk = Desk(file.name)
        return lower(self.meta_tool, desk.tools)

    @property
    def meta_tool(self) -> Any:
        return routine("help_user", FIND, ORDERS)

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"email": "a@b"}


class _Writing(_Reading):
    @property
    def meta_tool(self) -> Any:
        return routine("help_user", FIND, ORDERS, NOTE, REFUND)


class TestReadingUnit(_Reading, ToolsUnitTests):
    pass


class TestReadingIntegration(_Reading, ToolsIntegrationTests):
    pass


class TestWritingUnit(_Writing, ToolsUnitTests):
    pass


class TestWritingIntegration(_Writing, ToolsIntegrationTests):
    pass
