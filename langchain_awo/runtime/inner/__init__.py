"""Calls of original tools in, outcomes out: what LangChain would do if the model had made them."""
