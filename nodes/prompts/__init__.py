"""The prompts, one Markdown file each. A field that is missing, or that no prompt uses, is an error."""

from __future__ import annotations

from importlib.resources import files
from string import Template

# Read once, at import: nodes run on an event loop, where reading files would hold everyone up.
_PROMPTS = {
    file.name.removesuffix(".md"): Template(file.read_text(encoding="utf-8").strip())
    for file in files(__name__).iterdir()
    if file.name.endswith(".md")
}


def render(prompt: str, **fields: str) -> str:
    """Return a prompt with its `$fields` filled in.

    Args:
        prompt: The file's name without its ending.
        fields: Exactly the fields that the prompt has.

    Raises:
        KeyError: If there is no such prompt.
        ValueError: If a field is missing or not used.
    """
    template = _PROMPTS[prompt]
    wanted = set(template.get_identifiers())
    if wanted != set(fields):
        raise ValueError(f"prompt {prompt} has the fields {sorted(wanted)}, not {sorted(fields)}")
    return template.substitute(fields)
