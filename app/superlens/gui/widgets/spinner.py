"""The angle of everything that turns while it works."""

import time

_STEPS_PER_SECOND = 8


def turn_degrees() -> float:
    """Give the angle of a spinner now: one turn a second in eight steps."""
    return (int(time.monotonic() * _STEPS_PER_SECOND) % 8) * 45.0
