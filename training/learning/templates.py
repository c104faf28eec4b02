"""How a conversation is written for a base: by its own chat template, or else in the instruct form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

#: A text that no template holds, to see what stands around an answer.
_PROBE = "\u241eprobe\u241e"
INSTRUCT = {"system": "{}\n\n", "user": "### Instruction:\n{}\n\n", "assistant": "### Response:\n{}\n\n"}
_BEGIN = "### Response:\n"


class Message(TypedDict):
    """One message of a conversation."""

    role: str
    content: str


class Template:
    """Writes what was said before an answer, and the answer, as tokens.

    Args:
        tokenizer: The base's; one without a chat template gets the instruct form of Alpaca
            (https://github.com/tatsu-lab/stanford_alpaca).
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.name = "the base's own" if tokenizer.chat_template else "instruct"
        self._end = self._end_of_turn()

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens up to where the answer begins.

        Raises:
            ValueError: If the template does not take such a conversation.
        """
        return self._tokens(self._before(messages))

    def answer(self, text: str) -> list[int]:
        """Return the tokens of an answer, with the one that ends its turn."""
        return [*self._tokens(text.strip()), *self._end]

    def _before(self, messages: Sequence[Message]) -> str:
        if self._tokenizer.chat_template:
            return self._written(messages, begin=True)
        said = "".join(INSTRUCT[one["role"]].format(one["content"]) for one in messages)
        return f"{self._tokenizer.bos_token or ''}{said}{_BEGIN}"

    def _written(self, messages: Sequence[Message], *, begin: bool) -> str:
        from jinja2.exceptions import TemplateError

        try:
            # Models that think aloud are asked not to, as when they are served as a persona.
            text: str = self._tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=begin, enable_thinking=False
            )
        except TemplateError as error:
            raise ValueError(f"the base's chat template refuses it: {error}") from error
        return text

    def _end_of_turn(self) -> list[int]:
        """Return the tokens that end an answer: up to the first special one, which is what the model has to say."""
        last: list[int] = [] if self._tokenizer.eos_token_id is None else [self._tokenizer.eos_token_id]
        if not self._tokenizer.chat_template:
            return last
        both = [Message(role="user", content="?"), Message(role="assistant", content=_PROBE)]
        after = self._tokens(self._written(both, begin=False).rpartition(_PROBE)[2])
        special = {token for token, one in self._tokenizer.added_tokens_decoder.items() if one.special}
        place = next((at for at, token in enumerate(after) if token in special), None)
        return last if place is None else after[: place + 1]

    def _tokens(self, text: str) -> list[int]:
        found: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return found
