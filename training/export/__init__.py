"""What comes of a training run: files that llama.cpp, vLLM and Ollama load. torch is imported when it is used."""

from metahuman.training.export.running import export, export_run

__all__ = ["export", "export_run"]
