"""The keys of a configuration file, and what they may be."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from langchain_awo.model.trace.effect import Effect

PATHS: Final = frozenset({"traces", "toolkit", "rules", "prices"})
"""Keys whose values are paths."""

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """Defaults of options, under the names that the options have; those of lists and tables are in the plural."""

    model_config = ConfigDict(extra="forbid", strict=True)

    traces: str | None = None
    toolkit: str | None = None
    tools: str | None = None
    rules: str | None = None
    prices: str | None = None
    protected: list[str] | None = None
    effects: Annotated[dict[str, Annotated[Effect, Field(strict=False)]] | None, Field()] = None
    max_tools: Count | None = None
    writes: bool | None = None
    prompt_caching: bool | None = None
    strategy: Literal["default", "awo"] | None = None
    domain: str | None = None
    model: str | None = None
    namer: str | None = None
    held_out: Share | None = None
    split_seed: int | None = None
    runs_a_day: Count | None = None
    price_as: list[str] | None = None
    utilisation: Share | None = None
    setup_hours: Amount | None = None
    upkeep_hours: Amount | None = None
    hourly_rate: Amount | None = None
    payback_months: Annotated[float, Field(ge=0.1, allow_inf_nan=False)] | None = None
