"""Forms made from parameter classes: what they offer, take and refuse."""

from dataclasses import dataclass
from enum import StrEnum

import pytest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from superlens.core.parameters import build, parameter
from superlens.gui.forms import ParameterForm


class Edge(StrEnum):
    MIRROR = "mirror"
    ZERO = "zero"


@dataclass(frozen=True, slots=True)
class Params:
    width_um: float = parameter(2.0, "Ring width", "Of the ring.", unit="µm", low=0.2, high=30)
    diameter_um: float | None = parameter(None, "Diameter", "Of a nucleus.", unit="µm", low=1)
    edge: Edge = parameter(Edge.MIRROR, "Edge", "What lies outside.")
    clip: bool = parameter(False, "Clip", "Cut negative values off.")
    smallest_px: int = parameter(30, "Smallest", "Of a ring.", unit="px", low=1, advanced=True)


@pytest.fixture
def form(qtbot: QtBot) -> ParameterForm:
    made = ParameterForm(Params)
    qtbot.addWidget(made)
    return made


def _field(form: ParameterForm, name: str) -> QLineEdit:
    return next(f for f in form.findChildren(QLineEdit) if f.accessibleName() == name)


def test_untouched_form_gives_the_defaults(form: ParameterForm) -> None:
    assert form.is_valid()
    assert build(Params, form.values()) == Params()


def test_parameter_that_is_left_out_has_no_field_and_keeps_its_default(qtbot: QtBot) -> None:
    form = ParameterForm(Params, without=frozenset({"width_um"}))
    qtbot.addWidget(form)

    assert "Ring width" not in [field.accessibleName() for field in form.findChildren(QLineEdit)]
    assert build(Params, form.values()) == Params()


def test_decimal_comma_is_taken(form: ParameterForm) -> None:
    _field(form, "Ring width").setText("1,5")

    assert build(Params, form.values()).width_um == 1.5


def test_empty_optional_field_means_automatic(form: ParameterForm) -> None:
    _field(form, "Diameter").setText("12")
    assert build(Params, form.values()).diameter_um == 12

    _field(form, "Diameter").setText("")

    assert build(Params, form.values()).diameter_um is None


@pytest.mark.parametrize("text", ["0.1", "31", "wide"])
def test_wrong_value_is_told_under_its_field(form: ParameterForm, text: str) -> None:
    _field(form, "Ring width").setText(text)

    assert not form.is_valid()
    field = _field(form, "Ring width").parentWidget()
    assert field is not None
    told = [label.text() for label in field.findChildren(type(field.children()[-1]))]
    assert any(text in sentence for sentence in told)


def test_required_field_may_not_be_empty(form: ParameterForm) -> None:
    _field(form, "Ring width").setText("")

    assert not form.is_valid()


def test_reset_puts_the_defaults_back(form: ParameterForm) -> None:
    _field(form, "Ring width").setText("9")

    form.reset()

    assert build(Params, form.values()) == Params()
