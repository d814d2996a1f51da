"""LangChain in, traces out."""
