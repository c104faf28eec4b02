"""What of a turn is worth keeping, and what becomes of what it repeats or replaces."""
