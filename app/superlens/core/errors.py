"""Everything that can go wrong, as one tree.

::

    SuperlensError
    ├── InvalidInput          the user gave something that cannot work
    │   ├── UnreadableFile    an empty, cut off, mislabelled or protected file
    │   ├── UnsupportedImage  a sound image that this model or assay does not take
    │   ├── InvalidParameter  a parameter out of its range or of the wrong type
    │   └── MissingFile       a file or folder that is named but not there
    ├── CorruptModel          a model whose files do not match their hashes or their card
    ├── DiskFull              not enough room for what the job would write
    ├── ProjectLocked         another program writes this project
    ├── IncompatibleVersion   a document made by a newer Superlens
    ├── OutOfMemory           not even the smallest tile fits on the device
    ├── Diverged              training or restoring gave numbers that are not finite
    ├── JobCancelled          the user asked to stop; not a failure
    └── EngineLost            the engine process ended while it worked

Foreign exceptions are translated where they enter. Exception objects never cross a process
boundary: `ErrorInfo` does.
"""

import re
from dataclasses import dataclass


class SuperlensError(Exception):
    """A failure that can be told to the user in plain words."""

    def __init__(self, title: str, advice: str = "", detail: str = "") -> None:
        super().__init__(title)
        self.title = title
        """What happened: one sentence without a full stop at its end."""
        self.advice = advice
        """What the user can do: one sentence without a full stop, or empty."""
        self.detail = detail
        """What a developer needs: free text, or empty."""

    @property
    def sentence(self) -> str:
        """Title and advice as one line of text."""
        return _as_sentences(self.title, self.advice)


class InvalidInput(SuperlensError):
    """The user gave something that cannot work."""


class UnreadableFile(InvalidInput):
    """A file that is empty, cut off, mislabelled, protected, or not an image."""


class UnsupportedImage(InvalidInput):
    """A sound image that the chosen model or assay does not take."""


class InvalidParameter(InvalidInput):
    """A parameter out of its range or of the wrong type."""


class MissingFile(InvalidInput):
    """A file or folder that is named but not there."""


class CorruptModel(SuperlensError):
    """A model whose files do not match their hashes or their card."""


class DiskFull(SuperlensError):
    """Not enough room for what the job would write."""


class ProjectLocked(SuperlensError):
    """Another program writes this project."""


class IncompatibleVersion(SuperlensError):
    """A document made by a newer Superlens."""


class OutOfMemory(SuperlensError):
    """Not even the smallest tile fits on the device."""


class Diverged(SuperlensError):
    """Training or restoring reached numbers that are not finite."""


class JobCancelled(SuperlensError):
    """The user asked to stop; not a failure."""

    def __init__(self) -> None:
        super().__init__("The job was cancelled")


class EngineLost(SuperlensError):
    """The engine process ended while it worked."""


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """A failure as plain text, fit to be sent between processes and to be saved."""

    code: str
    """Permanent snake-case name of the error class, such as `unreadable_file`."""
    title: str
    advice: str = ""
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Title and advice as one line of text."""
        return _as_sentences(self.title, self.advice)


def describe_error(error: BaseException) -> ErrorInfo:
    """Give the plain-text form of an exception; an unknown one becomes `unexpected`."""
    if isinstance(error, SuperlensError):
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
        return ErrorInfo(code, error.title, error.advice, error.detail)
    return ErrorInfo(
        "unexpected",
        f"Something unexpected happened ({type(error).__name__}: {error})",
        "Save a support bundle and report it, please",
    )


def _as_sentences(*parts: str) -> str:
    ended = (part if part.endswith((".", "?")) else f"{part}." for part in parts if part)
    return " ".join(ended)
