"""What the twin knows: episodic memories, persona files, short-term state and checkpoints, all in the home."""
