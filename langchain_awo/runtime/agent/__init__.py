"""An agent in, the agent with a toolkit out: the middleware, the node for hand-written graphs, and entry."""
