"""From what was said to what may be learned from: gates that need no model, and what passes them."""
