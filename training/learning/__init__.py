"""The trainer: a base, an adapter that learns on it, and a run that survives being killed."""
