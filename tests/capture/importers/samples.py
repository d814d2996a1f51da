"""The invented run in every format."""

from __future__ import annotations

from typing import Final

from tests.capture.importers.chat_samples import (
    anthropic,
    bedrock,
    claude_code,
    codex,
    gemini,
    inspect,
    langchain,
    openai,
    responses,
    vercel,
)
from tests.capture.importers.span_samples import genai, langfuse, langsmith, mlflow, openinference

SAMPLES: Final = {
    "openai": ("messages", openai),
    "anthropic": ("messages", anthropic),
    "bedrock": ("messages", bedrock),
    "gemini": ("messages", gemini),
    "vercel": ("messages", vercel),
    "responses": ("messages", responses),
    "langchain": ("messages", langchain),
    "langsmith": ("langsmith", langsmith),
    "langfuse": ("langfuse", langfuse),
    "genai": ("otel", genai),
    "openinference": ("openinference", openinference),
    "mlflow": ("mlflow", mlflow),
    "claude-code": ("claude-code", claude_code),
    "codex": ("codex", codex),
    "inspect": ("inspect", inspect),
}
"""Name of the format and what makes the records, by name of the sample."""
