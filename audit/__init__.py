"""The audit: an append-only log of what the twin decided, called and changed, and the way to read it back."""
