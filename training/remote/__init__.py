"""Training on a machine elsewhere: over SSH, on a rented pod, or by a task file."""
