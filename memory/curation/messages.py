"""What people and their twin said in the messages of a chat that were written down as data.

Read are the shapes of OpenAI (chat, responses, parts), Anthropic, Gemini, Bedrock, Cohere, LangChain, ShareGPT and the
exports of ChatGPT and Claude. What a shape has in common with another is read once: a role beside a content.
"""

from __future__ import annotations

from typing import Any

from metahuman.memory.curation.literals import CALLED
from metahuman.memory.curation.vocabulary import machine_of, parted, speaker_of, words_of

#: Values that lie deeper in one another are no messages.
DEEPEST = 24
_ROLES = ("role", "from", "sender", "author", "speaker", "source", "type", "name", "kind", CALLED, "id", "lc_id")
_CONTENTS = ("content", "value", "text", "message", "parts", "body", "data", "kwargs", "contents", "utterance")
_TEXTS = frozenset({"text", "output_text", "input_text", "markdown", "multimodal_text"})
#: Under these keys is what tools are given and give back.
_OF_TOOLS = words_of(
    "tool_calls tool_call function_call functions tools toolCalls result results arguments args input metadata"
    " additional_kwargs response_metadata usage_metadata usage observation tool_results artifact parameters"
)
#: A call of one of these is how some agents speak.
_SPEAKING = frozenset({"final answer", "final_answer", "respond", "reply", "send_message", "message_user", "answer"})
_NAMES, _GIVEN = ("action", "name", "tool", "tool_name", "function"), ("action_input", "arguments", "args", "input")
_SAID_TO_USER = ("content", "message", "text", "answer", "response")
#: Pairs of a question and its answer.
_PAIRS = (
    *(("user", answers) for answers in ("assistant", "bot", "ai")),
    *(("human", answers) for answers in ("ai", "assistant", "bot")),
    *(("prompt", answers) for answers in ("response", "completion")),
)


def spoken(value: Any) -> list[str] | None:
    """Return the texts that user and assistant said in a value, in order; None where it holds no messages."""
    return _spoken(value, 0)


def _spoken(value: Any, depth: int) -> list[str] | None:
    if depth > DEEPEST:
        return None
    if isinstance(value, dict):
        return _of_dict(value, depth)
    if not isinstance(value, list):
        return None
    blocks = _blocks(value)
    return blocks if blocks is not None else _together(value, depth)


def _together(values: list[Any], depth: int) -> list[str] | None:
    found = [said for value in values if (said := _spoken(value, depth + 1)) is not None]
    return [text for said in found for text in said] if found else None


def _of_dict(value: dict[Any, Any], depth: int) -> list[str] | None:
    said = _to_user(value)
    if said is not None:
        return [said]
    for key in _ROLES:
        who = _who(value.get(key))
        content = next((value[name] for name in _CONTENTS if _is_content(value.get(name))), None)
        if who and (content is not None or key == "role"):
            return _texts(content) if who == "speech" else []
    for asked, answered in _PAIRS:
        if isinstance(value.get(asked), str) and isinstance(value.get(answered), str):
            return [value[asked], value[answered]]
    return _together([item for key, item in value.items() if key not in _OF_TOOLS], depth)


def _who(role: Any) -> str:
    """Return "speech" or "machine" for a role; "" for what is none."""
    if isinstance(role, dict):
        role = role.get("role")
    if isinstance(role, list):
        role = role[-1] if role else None
    if not isinstance(role, str) or len(role) > 40:
        return ""
    words = parted(role)
    if machine_of(words):
        return "machine"
    return "speech" if speaker_of(word for word in words if word != "chunk") else ""


def _is_content(value: Any) -> bool:
    return isinstance(value, str | list) or (
        isinstance(value, dict) and bool({"parts", "content", "text"} & set(value))
    )


def _texts(content: Any) -> list[str]:
    """Return the texts of a message's content, which is a text, or parts of which some are."""
    if isinstance(content, dict):
        content = next((content[key] for key in ("parts", "content", "text") if key in content), None)
    if isinstance(content, str):
        return [content] if content.strip() else []
    if not isinstance(content, list):
        return []
    found = [part if isinstance(part, str) else _text(part) for part in content]
    return [text for text in found if text.strip()]


def _text(part: Any) -> str:
    if not isinstance(part, dict) or part.get("type", "text") not in _TEXTS or part.get("thought") is True:
        return ""
    text = part.get("text")
    return text if isinstance(text, str) else ""


def _blocks(value: list[Any]) -> list[str] | None:
    """Return the texts of one message's blocks, of which one at least is a call or a thought."""
    kinds = [part.get("type") for part in value if isinstance(part, dict)]
    if len(kinds) != len(value) or not {"text", "thinking"} & set(map(str, kinds)):
        return None
    return _texts(value) if any("tool" in str(kind) or kind == "thinking" for kind in kinds) else None


def _to_user(value: dict[Any, Any]) -> str | None:
    """Return what an agent says by calling a tool that speaks; None for any other value."""
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), "")
    if name.strip().lower() not in _SPEAKING:
        return None
    given = next((value[key] for key in _GIVEN if key in value), None)
    if isinstance(given, dict):
        given = next((given[key] for key in _SAID_TO_USER if isinstance(given.get(key), str)), None)
    return given if isinstance(given, str) else None


def tool_of(value: Any) -> str:
    """Return the name of the tool that a value calls; "" where it calls none."""
    if not isinstance(value, dict):
        return ""
    if CALLED in value:
        return str(value[CALLED])
    if isinstance(value.get("function"), dict):
        value = value["function"]
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), "")
    return name if any(key in value for key in (*_GIVEN, "parameters")) else ""
