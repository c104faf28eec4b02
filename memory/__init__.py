"""What the twin knows: memories, their index and recall, persona files, short-term state and checkpoints."""
