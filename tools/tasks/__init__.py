"""The owner's tasks, and the tools that keep them."""
