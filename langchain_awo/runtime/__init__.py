"""Meta-tools in, LangChain tools out."""
