"""Training pairs: chosen from curated memories, split, weighed, and written as one dataset."""
