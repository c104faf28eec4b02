"""What the twin does by itself: its agents, when they are due, and one run of each at a time."""
