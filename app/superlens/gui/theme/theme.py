"""Applies a colour scheme to the application and follows the system's."""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from superlens.gui.theme.current import set_current_scheme
from superlens.gui.theme.fonts import install_font
from superlens.gui.theme.stylesheet import style_sheet
from superlens.gui.theme.tokens import TOKENS, Scheme, Tokens
from superlens.workbench.settings import Theme


class WindowTheme(QObject):
    """The theme of the running application.

    Signals:
        changed: after palette and style sheet were set.
    """

    changed = Signal()

    def __init__(self, app: QApplication, choice: Theme = Theme.SYSTEM) -> None:
        super().__init__(app)
        self._app = app
        self._choice = choice
        app.setStyle("Fusion")
        app.setFont(install_font())
        app.styleHints().colorSchemeChanged.connect(self._follow)
        self._tell_system()
        self._show_palette()

    @property
    def choice(self) -> Theme:
        """What the user chose."""
        return self._choice

    def apply(self) -> None:
        """Put on the style sheet; called once the window is built.

        A widget that joins a layout under a style sheet is styled anew with all its children: built
        first and dressed then, the window is there five times sooner.
        """
        self._show_palette()
        self._app.setStyleSheet(style_sheet(TOKENS[self._scheme()]))
        self.changed.emit()

    @contextmanager
    def undressed(self) -> Iterator[None]:
        """Take the style sheet off while many widgets are built, see `apply`."""
        sheet = self._app.styleSheet()
        self._app.setStyleSheet("")
        try:
            yield
        finally:
            self._app.setStyleSheet(sheet)

    def choose(self, choice: Theme) -> None:
        """Show another theme at once."""
        self._choice = choice
        self._tell_system()
        self.apply()

    def _follow(self) -> None:
        if self._choice is Theme.SYSTEM:
            self.apply()

    def _tell_system(self) -> None:
        """Let native dialogs and title bars follow the choice."""
        hints = self._app.styleHints()
        if self._choice is Theme.SYSTEM:
            hints.unsetColorScheme()
        else:
            is_dark = self._choice is Theme.DARK
            hints.setColorScheme(Qt.ColorScheme.Dark if is_dark else Qt.ColorScheme.Light)

    def _show_palette(self) -> None:
        scheme = self._scheme()
        set_current_scheme(scheme)
        self._app.setPalette(palette_of(TOKENS[scheme]))

    def _scheme(self) -> Scheme:
        if self._choice is Theme.SYSTEM:
            is_dark = self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
            return Scheme.DARK if is_dark else Scheme.LIGHT
        return Scheme(self._choice.value)


def palette_of(tokens: Tokens) -> QPalette:
    """Give the Qt palette of a scheme."""
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: tokens.window,
        QPalette.ColorRole.Base: tokens.surface,
        QPalette.ColorRole.AlternateBase: tokens.surface,
        QPalette.ColorRole.Button: tokens.raised,
        QPalette.ColorRole.ToolTipBase: tokens.raised,
        QPalette.ColorRole.ToolTipText: tokens.text,
        QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.Text: tokens.text,
        QPalette.ColorRole.ButtonText: tokens.text,
        QPalette.ColorRole.BrightText: tokens.bad,
        QPalette.ColorRole.PlaceholderText: tokens.text3,
        QPalette.ColorRole.Highlight: tokens.fill,
        QPalette.ColorRole.HighlightedText: tokens.on_fill,
        QPalette.ColorRole.Accent: tokens.accent,
        QPalette.ColorRole.Link: tokens.accent,
        QPalette.ColorRole.Light: tokens.hover,
        QPalette.ColorRole.Midlight: tokens.hover,
        QPalette.ColorRole.Mid: tokens.line,
        QPalette.ColorRole.Dark: tokens.control,
        QPalette.ColorRole.Shadow: tokens.window,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.text3))
    return palette
