"""Which scheme the application shows now: kept on the QApplication, as its palette is."""

from PySide6.QtGui import QGuiApplication

from superlens.gui.theme.tokens import TOKENS, Scheme, Tokens

_PROPERTY = "superlensScheme"


def tokens() -> Tokens:
    """Give the tokens of the scheme now shown; light before a theme was applied."""
    return TOKENS[current_scheme()]


def current_scheme() -> Scheme:
    """Give the scheme now shown."""
    app = QGuiApplication.instance()
    value = app.property(_PROPERTY) if app is not None else None
    return Scheme(value) if value else Scheme.LIGHT


def set_current_scheme(scheme: Scheme) -> None:
    """Remember the scheme on the application; whoever paints reads it from there."""
    app = QGuiApplication.instance()
    if app is not None:
        app.setProperty(_PROPERTY, scheme.value)
