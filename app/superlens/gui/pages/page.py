"""What the main window asks of the page of a stage."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageButtons:
    """The buttons at the right end of the stage bar."""

    primary: str
    """Verb and object."""
    moves_on: bool = False
    """Whether the primary button goes to the next stage: an arrow follows its text."""
    is_enabled: bool = True
    reason: str = ""
    """Why it is disabled."""
    secondary: str = ""
