"""The vocabulary every room shares: typed states, routes, events, errors and the protocols of services."""
