"""The kind of tool a meta-tool becomes: a `StructuredTool` that LangChain need not look into at every call.

`StructuredTool` finds out at each call which of the machinery its function wants; we know.
LangChain inspects what is defined here: no postponed annotations.
"""

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool


class RoutineTool(StructuredTool):
    """Hands configuration and callbacks to its function, which takes both as keywords."""

    def _run(
        self,
        *args: Any,
        config: RunnableConfig,
        run_manager: CallbackManagerForToolRun | None = None,
        **kwargs: Any,
    ) -> Any:
        if self.func is None:
            return super()._run(*args, config=config, run_manager=run_manager, **kwargs)
        callbacks = run_manager.get_child() if run_manager else None
        return self.func(*args, config=config, callbacks=callbacks, **kwargs)

    async def _arun(
        self,
        *args: Any,
        config: RunnableConfig,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
        **kwargs: Any,
    ) -> Any:
        assert self.coroutine is not None  # noqa: S101  # every meta-tool has one
        callbacks = run_manager.get_child() if run_manager else None
        return await self.coroutine(*args, config=config, callbacks=callbacks, **kwargs)


for _method in (RoutineTool._run, RoutineTool._arun):  # noqa: SLF001  # our own
    _method.__annotations__ = {"config": RunnableConfig}  # evaluated at every call: only what is looked for
