from dataclasses import dataclass
from enum import StrEnum

import pytest

from superlens.core.errors import InvalidParameter
from superlens.core.parameters import build, describe, parameter, plain_values


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Params:
    width: float = parameter(2.0, "Width", "How wide.", unit="µm", low=0.5, high=10.0)
    count: int = parameter(3, "Count", "How many.", low=1, advanced=True)
    limit: int | None = parameter(None, "Limit", "Empty is automatic.")
    colour: Colour = parameter(Colour.RED, "Colour", "Which.")
    is_on: bool = parameter(False, "On", "Whether.")
    name: str = parameter("x", "Name", "Any text.")


def test_description_carries_what_a_form_shows() -> None:
    width, count, limit, colour, *_ = describe(Params)

    assert (width.label, width.unit, width.low, width.high) == ("Width", "µm", 0.5, 10.0)
    assert count.advanced
    assert not width.advanced
    assert limit.optional
    assert limit.type is int
    assert colour.choices == ("red", "blue")


def test_texts_become_typed_values() -> None:
    params = build(
        Params, {"width": "4.5", "count": "7", "limit": "auto", "colour": "blue", "is_on": "yes"}
    )

    assert params == Params(4.5, 7, None, Colour.BLUE, True)


def test_plain_values_rebuild_the_same_object() -> None:
    params = Params(width=1.5, colour=Colour.BLUE, limit=4, name="abc")

    assert build(Params, plain_values(params)) == params


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"widht": 1}, "Did you mean 'width'"),
        ({"zzz": 1}, "Known are"),
        ({"width": 11}, "nearest allowed value is 10.0"),
        ({"width": "nan"}, "outside"),
        ({"width": 0.1}, "nearest allowed value is 0.5"),
        ({"count": 2.5}, "not a number of type int"),
        ({"count": "many"}, "not a number"),
        ({"count": None}, "needs a value"),
        ({"colour": "green"}, "Allowed are: red, blue"),
        ({"is_on": "perhaps"}, "neither true nor false"),
    ],
)
def test_wrong_values_are_refused_with_the_nearest_right_one(values: dict, said: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        build(Params, values)

    assert said in caught.value.sentence
