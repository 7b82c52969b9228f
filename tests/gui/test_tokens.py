"""The contrast of every colour pair that the window uses, computed from the tokens."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest

import superlens.gui
from superlens.gui.theme.colormaps import lut
from superlens.gui.theme.tokens import (
    DARK,
    LIGHT,
    TOKENS,
    Scheme,
    contrast_ratio,
    readable_on,
    relative_luminance,
)

TEXT_RATIO, GRAPHIC_RATIO = 4.5, 3.0
GUI = Path(superlens.gui.__file__).parent


def test_luminance_follows_the_published_definition() -> None:
    assert relative_luminance("#000000") == 0
    assert relative_luminance("#FFFFFF") == pytest.approx(1)
    assert contrast_ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)  # WCAG's example


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("ink", ["text", "text2", "text3", "accent", "ok", "warn", "bad"])
@pytest.mark.parametrize("ground", ["surface", "raised", "window"])
def test_text_is_readable(scheme: Scheme, ink: str, ground: str) -> None:
    values = asdict(TOKENS[scheme])

    assert contrast_ratio(values[ink], values[ground]) >= TEXT_RATIO


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("on_fill", "fill"),
        ("accent", "tint"),
        ("text3", "tint"),
        ("text3", "hover"),
        ("text", "tint"),
        ("ok", "ok_tint"),
        ("warn", "warn_tint"),
        ("bad", "bad_tint"),
        ("text2", "hover"),
        ("on_canvas", "canvas"),
        ("on_canvas2", "canvas"),
    ],
)
def test_text_is_readable_on_its_tint(scheme: Scheme, ink: str, ground: str) -> None:
    values = asdict(TOKENS[scheme])

    assert contrast_ratio(values[ink], values[ground]) >= TEXT_RATIO


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("mark", ["control", "accent", "low", "sr", "high", "spread"])
def test_graphics_stand_out(scheme: Scheme, mark: str) -> None:
    values = asdict(TOKENS[scheme])

    assert contrast_ratio(values[mark], values["surface"]) >= GRAPHIC_RATIO


@pytest.mark.parametrize("role", ["canvas_low", "canvas_sr", "canvas_high", "canvas_spread"])
def test_role_dots_stand_out_on_the_canvas(role: str) -> None:
    assert contrast_ratio(asdict(DARK)[role], DARK.canvas) >= GRAPHIC_RATIO


def test_canvas_is_the_same_in_both_schemes() -> None:
    on_canvas = [name for name in asdict(DARK) if "canvas" in name]

    assert [asdict(DARK)[name] for name in on_canvas] == [asdict(LIGHT)[name] for name in on_canvas]


def test_values_on_the_plate_are_readable_on_every_colour_of_the_ramp() -> None:
    grounds = [f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in lut("Viridis")]

    assert min(contrast_ratio(readable_on(ground), ground) for ground in grounds) >= TEXT_RATIO


def test_no_colour_literal_outside_the_tokens() -> None:
    literal = re.compile(r"#[0-9A-Fa-f]{6}\b|QColor\(\s*\d|Qt\.GlobalColor\.(?!transparent)")
    found = [
        f"{path.name}: {line.strip()}"
        for path in GUI.rglob("*.py")
        if path.name != "tokens.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if literal.search(line)
    ]

    assert found == []
