"""Parameters of methods and assays: dataclass fields that describe themselves.

A parameters class is a frozen dataclass whose fields are made by `parameter(...)`. The window turns
it into a form, the command line into `--set NAME=VALUE`, a request into plain JSON values.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from superlens.core.catalogue import unknown_name
from superlens.core.errors import InvalidParameter

ParameterValue = bool | int | float | str | None
"""What a parameter may hold once it is plain: StrEnum members travel as their text."""

_METADATA_KEY = "superlens"
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """Everything a form or a help text needs to know of one parameter."""

    name: str
    type: type[Any]
    """bool, int, float, str or a StrEnum."""
    default: Any
    optional: bool
    """Whether None is allowed (and means automatic)."""
    label: str
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    advanced: bool = False
    needs_part: str = ""
    """Part of a model's weights without which only the default makes sense; empty: none."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed texts of a StrEnum parameter, else empty."""
        return tuple(member.value for member in self.type) if issubclass(self.type, StrEnum) else ()


def parameter(  # noqa: PLR0913 - it declares, as dataclasses.field does
    default: Any,
    label: str,
    help: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    advanced: bool = False,
    needs_part: str = "",
) -> Any:
    """Declare one field of a parameters dataclass.

    Args:
        default: its default value.
        label: what a form shows, without the unit.
        help: one sentence: what it does and when to change it.
        unit: unit of the value, such as `µm`.
        low: smallest allowed value, inclusive.
        high: largest allowed value, inclusive.
        advanced: whether a form folds it away.
        needs_part: part of a model's weights without which a form leaves it out.
    """
    described = {
        "label": label,
        "help": help,
        "unit": unit,
        "low": low,
        "high": high,
        "advanced": advanced,
        "needs_part": needs_part,
    }
    return dataclasses.field(default=default, metadata={_METADATA_KEY: described})


def describe(params_type: type[Any]) -> tuple[ParameterInfo, ...]:
    """Give the description of every parameter of a class, in order of declaration."""
    hints = typing.get_type_hints(params_type)
    found: list[ParameterInfo] = []
    for item in dataclasses.fields(params_type):
        plain, optional = _without_none(hints[item.name])
        found.append(
            ParameterInfo(
                name=item.name,
                type=plain,
                default=item.default,
                optional=optional,
                **item.metadata[_METADATA_KEY],
            )
        )
    return tuple(found)


def build(params_type: type[Any], values: Mapping[str, ParameterValue | str]) -> Any:
    """Make a parameters object from plain values, with defaults for what is absent.

    Args:
        params_type: a dataclass declared with `parameter`.
        values: names and plain values; texts are converted, so that `--set` needs no types.

    Returns:
        An instance of `params_type`.

    Raises:
        InvalidParameter: an unknown name, a value of the wrong type or out of range.
    """
    known = {info.name: info for info in describe(params_type)}
    for name in values:
        if name not in known:
            raise unknown_name("parameter", name, known)
    return params_type(**{name: _converted(known[name], value) for name, value in values.items()})


def plain_values(params: Any) -> dict[str, ParameterValue]:
    """Give all values of a parameters object as plain JSON values."""
    return {item.name: _plain(getattr(params, item.name)) for item in dataclasses.fields(params)}


def _plain(value: Any) -> ParameterValue:
    return value.value if isinstance(value, StrEnum) else value


def _without_none(hint: Any) -> tuple[type[Any], bool]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [item for item in typing.get_args(hint) if item is not type(None)]
        return rest[0], len(rest) < len(typing.get_args(hint))
    return hint, False


def _converted(info: ParameterInfo, value: Any) -> Any:
    if value is None or (
        isinstance(value, str) and value.lower() in ("auto", "none") and info.optional
    ):
        if info.optional:
            return None
        raise InvalidParameter(f"The parameter {info.name!r} needs a value")
    if info.type is bool:
        return _to_bool(info, value)
    if issubclass(info.type, StrEnum):
        return _to_choice(info, value)
    if info.type in (int, float):
        return _to_number(info, value)
    return str(value)


def _to_bool(info: ParameterInfo, value: Any) -> bool:
    text = str(value).lower()
    if text in _TRUE | _FALSE:
        return text in _TRUE
    raise InvalidParameter(f"{info.name} is {value!r}, which is neither true nor false")


def _to_choice(info: ParameterInfo, value: Any) -> StrEnum:
    try:
        return info.type(str(value))
    except ValueError as error:
        allowed = ", ".join(info.choices)
        raise InvalidParameter(f"{info.name} is {value!r}", f"Allowed are: {allowed}") from error


def _to_number(info: ParameterInfo, value: Any) -> int | float:
    try:
        number = info.type(value)
        if isinstance(value, float) and info.type is int and value != number:
            raise ValueError(value)
    except (TypeError, ValueError) as error:
        raise InvalidParameter(
            f"{info.name} is {value!r}, which is not a number of type {info.type.__name__}"
        ) from error
    below = info.low is not None and number < info.low
    above = info.high is not None and number > info.high
    if below or above or not math.isfinite(number):
        nearest = info.low if below else info.high
        raise InvalidParameter(
            f"{info.name} is {value!r}, outside {info.low} to {info.high}",
            f"The nearest allowed value is {nearest}" if nearest is not None else "",
        )
    return number
