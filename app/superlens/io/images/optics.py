"""What microscopes say of objectives, colours and moments, brought into one form.

Pure functions of header values; whatever cannot be read is None, never an error.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_LEICA_COLOURS = {
    "red": "#FF0000",
    "green": "#00FF00",
    "blue": "#0000FF",
    "cyan": "#00FFFF",
    "magenta": "#FF00FF",
    "yellow": "#FFFF00",
    "gray": "#FFFFFF",
    "grey": "#FFFFFF",
}
_HEX = re.compile(r"#?(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})")
_MAGNIFICATION = re.compile(r"(\d+(?:[.,]\d+)?)\s*[xX×](?![a-zA-Z0-9])")
_APERTURE = re.compile(r"[xX×]\s*/\s*(\d[.,]\d+)")
_JULIAN_DAY_OF_2000 = 2451544.5
"""Midnight at the beginning of the year 2000, in UTC."""


@dataclass(frozen=True, slots=True)
class Objective:
    """A lens, as far as a file describes it."""

    name: str = ""
    magnification: float | None = None
    numerical_aperture: float | None = None


NO_OBJECTIVE = Objective()


def objective(name: Any, magnification: Any = None, aperture: Any = None) -> Objective:
    """Give an objective from what a header holds.

    Args:
        name: as the microscope writes it; numbers that are not given apart are looked for in it,
            such as those of `Plan-Apochromat 40x/1.3 Oil`.
        magnification: of the lens alone.
        aperture: numerical aperture.
    """
    text = " ".join(str(name or "").replace("\0", " ").split())
    return Objective(
        text,
        positive(magnification) or _number_in(_MAGNIFICATION, text),
        numerical_aperture(aperture) or numerical_aperture(_number_in(_APERTURE, text)),
    )


def positive(value: Any, below: float = math.inf) -> float | None:
    """Give a positive finite number as such, or None for whatever else stands in a header."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and 0 < number < below else None


def numerical_aperture(value: Any) -> float | None:
    """Give a numerical aperture, or None where the number cannot be one."""
    number = positive(value, below=2.0)
    # Some are stored as 1.4000000000000001.
    return None if number is None else round(number, 4)


def colour_of(channels: Sequence[Any] | None) -> str | None:
    """Give `#RRGGBB` of red, green and blue from 0 to 255; black, as nobody shows, is None."""
    if channels is None or len(channels) < 3:
        return None
    try:
        red, green, blue = (int(value) for value in channels[:3])
    except (TypeError, ValueError):
        return None
    if not all(0 <= value <= 255 for value in (red, green, blue)) or red + green + blue == 0:
        return None
    return f"#{red:02X}{green:02X}{blue:02X}"


def colour_from_hex(text: str | None) -> str | None:
    """Give `#RRGGBB` of text such as `00FF5B`, `#00FF5B` or `#FF00FF5B` (opacity first)."""
    found = _HEX.fullmatch((text or "").strip())
    return colour_of(tuple(bytes.fromhex(found.group(1)))) if found else None


def colour_from_name(name: str) -> str | None:
    """Give `#RRGGBB` of the English name of a look-up table; None where it is no plain colour."""
    return _LEICA_COLOURS.get(name.strip().lower())


def moment(value: Any) -> str | None:
    """Give a date with time as ISO 8601, or None where it is absent or cannot be read."""
    if isinstance(value, datetime):
        return value.isoformat()
    try:
        # Zeiss writes seven digits of a second, which Python cuts to six.
        return datetime.fromisoformat(str(value or "").strip("\0 \t\r\n")).isoformat()
    except ValueError:
        return None


def moment_of_julian_day(day: Any) -> str | None:
    """Give the moment (UTC) of an astronomical day number, whole seconds, as ISO 8601."""
    number = positive(day)
    if number is None:
        return None
    try:
        moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=number - _JULIAN_DAY_OF_2000)
    except OverflowError:
        return None
    return moment.isoformat(timespec="seconds")


def _number_in(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    return positive(found.group(1).replace(",", ".")) if found else None
