"""The theme follows the choice, and the system where nothing was chosen."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from superlens.gui.theme.current import tokens
from superlens.gui.theme.icons import icon
from superlens.gui.theme.theme import WindowTheme
from superlens.gui.theme.tokens import DARK, LIGHT, Tokens
from superlens.workbench.settings import Theme


@pytest.mark.parametrize(("choice", "expected"), [(Theme.LIGHT, LIGHT), (Theme.DARK, DARK)])
def test_choice_sets_palette_and_tokens(
    qapp: QApplication, choice: Theme, expected: Tokens
) -> None:
    theme = WindowTheme(qapp, Theme.SYSTEM)

    theme.choose(choice)

    assert tokens() is expected
    window = qapp.palette().color(QPalette.ColorRole.Window).name().upper()
    assert window == expected.window
    assert expected.surface in qapp.styleSheet()


def test_no_choice_follows_the_system(qapp: QApplication) -> None:
    theme = WindowTheme(qapp, Theme.DARK)
    assert tokens() is DARK

    theme.choose(Theme.SYSTEM)

    is_dark = qapp.styleHints().colorScheme() == Qt.ColorScheme.Dark
    assert tokens() is (DARK if is_dark else LIGHT)


def test_icons_take_the_colour_of_the_theme_at_once(qapp: QApplication) -> None:
    theme = WindowTheme(qapp, Theme.LIGHT)
    check = icon("check-circle", "text")
    light = check.pixmap(32, 32).toImage()

    theme.choose(Theme.DARK)

    assert check.pixmap(32, 32).toImage() != light


def test_icon_font_holds_every_glyph(qapp: QApplication) -> None:
    drawn = icon("check-circle", "text").pixmap(32, 32).toImage()

    alphas = [drawn.pixelColor(x, y).alpha() for x in range(32) for y in range(32)]
    assert sum(alpha > 128 for alpha in alphas) > 40  # a ring and a tick, not an empty box
