"""What a run of a meta-tool has done already, in the process and in a store, so that nothing is done twice."""
