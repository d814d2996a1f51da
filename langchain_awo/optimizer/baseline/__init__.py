"""The method of the paper to the letter, as the baseline of every measurement: the graph, Algorithm 1, its bindings."""
