"""A toolkit and live tools in, `StructuredTool`s out, each checked against the tools it was compiled for."""
