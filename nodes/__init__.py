"""The steps of the graphs, one a file. A step takes from the state, asks through services, returns what changed."""
