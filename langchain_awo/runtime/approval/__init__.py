"""Which inner calls need a person, and asking that person, whatever the agent is built of."""
