"""A scripted agent that works in the back office through a real LangGraph agent."""
