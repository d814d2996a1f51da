"""What a user calls: the phases joined, from a path of traces to a toolkit in an agent."""
