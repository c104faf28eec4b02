"""Every error this product raises on purpose.

MetaHumanError
├── SettingError            a file of the owner's is wrong: says which file, which key, and what to do
├── StoreError              the home cannot be read or written
├── EmptyTurn               there is no message to answer
├── BadChoice               a word that was given names nothing
├── ThreadBusy              another process is in the middle of a turn of this thread
├── AnswerFirst             a thread waits for a person's word on a call of a tool
├── ServerFailed            the processes that serve an address die again and again
├── ToolError               a tool could not do what it was asked
├── SpecialistFailed        a specialist made nothing of use; it keeps what it made
└── ModelError              a model could not answer
    ├── ModelDown           nothing listens at the provider's address
    ├── ModelFailed         the server broke off, or went wrong inside
    ├── ModelBusy           the server has too much to do, or is still loading
    ├── ModelSetAside       it failed a moment ago, and is left alone for a while
    ├── ModelMissing        the provider is there, the model is not
    ├── AdapterRefused      the provider cannot speak with the adapters asked for
    ├── ModelTimeout        no answer within the time allowed
    ├── ContextOverflow     the prompt is longer than the model's context window
    ├── BadKey              the provider wants another key, or any
    ├── TooFar              it runs elsewhere, and the role may not leave the machine
    ├── OverCap             the owner's daily cap is reached
    ├── BadRequest          the provider refuses the request as it stands
    ├── BadAnswer           the answer does not fit the schema asked for
    ├── EmptyAnswer         the answer holds nothing
    ├── RefusedAnswer       the provider's filter withheld the answer
    ├── BrokenAnswer        the answer broke off after its first words; it keeps what had come
    └── NoModelAnswered     every model of the role's hierarchy failed; it carries each failure

Each message is one line that a person can act on; a caller catches the leaf it can mend, or the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from metahuman.state.events import ModelCall


class MetaHumanError(Exception):
    """The root: catch this to turn any expected failure into one line."""


class SettingError(MetaHumanError):
    """A settings file is wrong.

    Args:
        file: The file at fault.
        key: The dotted key inside it; empty when the file as a whole is at fault.
        problem: What is wrong, in a few words.
        remedy: What the owner can do about it.
    """

    def __init__(self, file: Path | str, key: str, problem: str, remedy: str) -> None:
        self.file, self.key, self.problem, self.remedy = str(file), key, problem, remedy
        super().__init__(f"{file}: {key + ': ' if key else ''}{problem}; {remedy}")


class StoreError(MetaHumanError):
    """A file or folder of the home cannot be read or written.

    Args:
        path: The file or folder.
        error: What the operating system said.
        remedy: What the owner can do about it.
    """

    def __init__(self, path: Path | str, error: Exception | str, remedy: str) -> None:
        self.path, self.remedy = str(path), remedy
        problem = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        super().__init__(f"{path}: {problem}; {remedy}")


class EmptyTurn(MetaHumanError):  # noqa: N818
    """There is no message of a person's to answer."""


class BadChoice(MetaHumanError):  # noqa: N818 - reads as what happened
    """A word that the owner gave names none of the things to choose from."""


class ThreadBusy(MetaHumanError):  # noqa: N818 - reads as what happened
    """Another process holds this thread and did not finish its turn in time."""


Trips = Literal["no", "model", "server"] | None


class ServerFailed(MetaHumanError):  # noqa: N818 - reads as what happened
    """A process that serves dies again and again."""


class AnswerFirst(MetaHumanError):  # noqa: N818 - reads as what to do
    """A thread waits for a person's word on a call of a tool: no other turn can begin on it before."""


class ToolError(MetaHumanError):
    """A tool could not do what it was asked: one line, for the model to mend and for the owner to read."""


class SpecialistFailed(MetaHumanError):  # noqa: N818 - reads as what happened
    """A specialist made nothing of use.

    Args:
        message: Why, in one line.
        content: What it made all the same; "" for nothing.
    """

    def __init__(self, message: str, content: str = "") -> None:
        self.content = content
        super().__init__(message)


class ModelError(MetaHumanError):
    """A model could not answer. `kind` is the word that audit events and status use for it.

    What is done about a failure hangs on its kind alone; the role router reads it from these attributes.
    """

    kind = "error"
    #: Whether the next model of the role's hierarchy should be asked.
    falls_back = True
    #: Whether the same model is asked again first: never, once with the mistake told, or as often as the registry says.
    again: Literal["never", "told", "waited"] = "never"
    #: Whether the model is then left alone for a while, and with `server` every model of its server; None where the
    #: failure says nothing about the model, because it was not asked, or not waited for.
    trips: Trips = "no"
    #: Seconds that the server asked to be left alone, if it did.
    retry_after: float | None = None
    #: The record of the call that ended so, once it has.
    call: ModelCall | None = None


class ModelDown(ModelError):  # noqa: N818
    """Nothing answers at the provider's address."""

    kind = "down"
    trips = "server"


class ModelFailed(ModelError):  # noqa: N818
    """The server broke off, or says that something went wrong inside it."""

    kind = "failed"
    again = "waited"
    trips = "model"


class ModelBusy(ModelError):  # noqa: N818
    """The server has too much to do, or is still loading.

    Args:
        message: What it said.
        retry_after: Seconds after which it wants to be asked again, if it said so.
    """

    kind = "overloaded"
    again = "waited"
    trips = "model"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class ModelSetAside(ModelError):  # noqa: N818
    """The model failed a moment ago and is left alone for a while."""

    kind = "set_aside"
    trips = None


class ModelMissing(ModelError):  # noqa: N818
    """The provider does not have the model, or its file is not there."""

    kind = "missing"


class AdapterRefused(ModelError):  # noqa: N818
    """The provider cannot speak with the adapters that the registry names."""

    kind = "adapter"


class ModelTimeout(ModelError):  # noqa: N818
    """The provider took longer than the registry allows."""

    kind = "timeout"
    trips: Trips = "model"


class ContextOverflow(ModelError):  # noqa: N818
    """The prompt does not fit the model's context window; the next model's may be larger."""

    kind = "context_overflow"


class BadKey(ModelError):  # noqa: N818
    """The provider does not accept the key it was given."""

    kind = "auth"


class TooFar(ModelError):  # noqa: N818
    """The model runs elsewhere, and the role may not leave the machine."""

    kind = "remote"
    trips = None


class OverCap(ModelError):  # noqa: N818
    """The provider was asked for as much today as the owner allows."""

    kind = "cap"
    trips = None


class BadRequest(ModelError):  # noqa: N818
    """The provider refused the request; another model would be sent the same mistake."""

    kind = "bad_request"
    falls_back = False


class BadAnswer(ModelError):  # noqa: N818
    """The answer does not fit the schema that was asked for.

    Args:
        message: What is wrong with it.
        answer: The answer, so that the model can see what it is to mend.
    """

    kind = "bad_answer"
    again = "told"

    def __init__(self, message: str, answer: str = "") -> None:
        self.answer = answer
        super().__init__(message)


class EmptyAnswer(ModelError):  # noqa: N818
    """The answer holds neither words nor a tool call."""

    kind = "empty"
    again = "told"


class RefusedAnswer(ModelError):  # noqa: N818
    """The provider's own filter withheld the answer."""

    kind = "refused"


class BrokenAnswer(ModelError):  # noqa: N818
    """The answer broke off after its first words.

    Args:
        message: What happened.
        partial: The text that had come by then.

    Attributes:
        message_id: The id of the message whose parts had been streamed, if they were.
    """

    kind = "broken"
    falls_back = False

    def __init__(self, message: str, partial: str) -> None:
        self.partial = partial
        self.message_id: str | None = None
        super().__init__(message)


class NoModelAnswered(ModelError):  # noqa: N818
    """Every model of a role's hierarchy failed.

    Args:
        role: The role that was asked.
        failures: One pair of model id and error for each model tried, in order.
    """

    kind = "none_answered"
    falls_back = False

    def __init__(self, role: str, failures: Sequence[tuple[str, ModelError]]) -> None:
        self.role, self.failures = role, tuple(failures)
        tried = "; ".join(f"{model_id}: {error}" for model_id, error in self.failures)
        super().__init__(f"no model could answer as {role}: {tried}")
