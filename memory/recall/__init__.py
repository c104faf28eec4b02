"""What memory brings to a message."""
