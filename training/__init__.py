"""Teaches models: LoRAs from examples, as files that llama.cpp runs."""
