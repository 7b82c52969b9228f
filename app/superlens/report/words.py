"""Numbers as people write them: rounded to what is known, thin spaces, units, intervals.

Strings only; both outputs of the report print the same ones.
"""

import math
from datetime import datetime

THIN_SPACE = "\u2009"
DASH = "\u2013"
MINUS = "\u2212"
NOT_KNOWN = "not recorded"


def number(value: float, digits: int = 3) -> str:
    """Give a number with so many significant digits, thin spaces between thousands."""
    if not math.isfinite(value):
        return "not defined"
    return fixed(value, _decimals(abs(value), digits))


def fixed(value: float, decimals: int) -> str:
    """Give a number with so many decimals, thin spaces between thousands, a true minus sign."""
    if not math.isfinite(value):
        return "not defined"
    text = f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace(",", THIN_SPACE).replace("-", MINUS)


def count(value: float) -> str:
    """Give a whole number with thin spaces between thousands (from 10 000 on)."""
    whole = round(value)
    return str(whole) if abs(whole) < 10_000 else fixed(whole, 0)


def decimals_for(value: float, lo: float | None, hi: float | None) -> int:
    """Give how many decimals a value deserves: two digits of its interval's width."""
    if lo is None or hi is None or not math.isfinite(hi - lo) or hi <= lo:
        return _decimals(abs(value), 3)
    return _decimals(hi - lo, 2)


def interval(lo: float, hi: float, decimals: int) -> str:
    """Give the two ends of an interval, such as `0.64 – 0.77`."""
    return f"{fixed(lo, decimals)} {DASH} {fixed(hi, decimals)}"


def percent(fraction: float, digits: int = 2) -> str:
    """Give a fraction as a percentage, such as `0.27 %`."""
    return f"{number(100 * fraction, digits)} %"


def with_unit(text: str, unit: str) -> str:
    """Give a number and its unit, with a space between where there is a unit."""
    return f"{text} {unit}" if unit else text


def length_um(micrometres: float) -> str:
    """Give a length in the unit that people use: nm below one micrometre, mm from a thousand."""
    if micrometres < 1:
        return f"{number(1000 * micrometres)} nm"
    if micrometres >= 1000:
        return f"{number(micrometres / 1000)} mm"
    return f"{number(micrometres)} µm"


def round_length_um(micrometres: float) -> str:
    """Give a length of one digit without decimals that say nothing, such as `2 µm` and `500 nm`."""
    for unit, size in (("mm", 1000.0), ("µm", 1.0), ("nm", 0.001)):
        if micrometres >= size * (1 - 1e-9):
            return f"{round(micrometres / size):d} {unit}"
    return f"{1000 * micrometres:.1g} nm"


def short_hash(sha256: str | None) -> str:
    """Give the first eight hexadecimal digits in two groups, or that it is not recorded."""
    return f"{sha256[:4]} {sha256[4:8]}" if sha256 else NOT_KNOWN


def duration(seconds: float) -> str:
    """Give a time span, such as `48 s`, `3 min 20 s` or `2 h 05 min`."""
    if seconds < 10:
        return f"{number(seconds, 2)} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment(text: str) -> str:
    """Give an ISO 8601 time as `2026-11-20 10:03 UTC`; what is no time stays as it is."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text or NOT_KNOWN
    return when.strftime("%Y-%m-%d %H:%M") + (" UTC" if when.tzinfo is not None else "")


def plural(amount: int, noun: str) -> str:
    """Give an amount and its noun, such as `1 well` and `48 wells`."""
    return f"{count(amount)} {noun}{'' if amount == 1 else 's'}"


def shortened(text: str, most: int = 64) -> str:
    """Give a text with its middle left out where it is too long: both ends of a name tell most."""
    if len(text) <= most:
        return text
    keep = most - 1
    return f"{text[: keep - keep // 2]}…{text[len(text) - keep // 2 :]}"


def listed(parts: tuple[str, ...] | list[str]) -> str:
    """Give words as a list in a sentence: `a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _decimals(magnitude: float, digits: int) -> int:
    if magnitude == 0 or not math.isfinite(magnitude):
        return max(digits - 1, 0)
    return min(max(digits - 1 - math.floor(math.log10(magnitude) + 1e-12), 0), 8)
