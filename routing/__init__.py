"""Where a message goes, decided on this machine in milliseconds: a small classifier over a sentence encoder."""
