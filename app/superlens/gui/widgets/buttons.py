"""Buttons by kind: primary, secondary, ghost, link, small, destructive, and icon tools."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from superlens.gui.theme.icons import icon


def button(
    text: str, kind: str = "secondary", icon_name: str = "", parent: QWidget | None = None
) -> QPushButton:
    """Give a push button of a kind; focus comes by Tab only, so that a click leaves no ring."""
    made = QPushButton(f" {text}" if icon_name and text else text, parent)
    made.setProperty("kind", kind)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if kind == "link":
        made.setCursor(Qt.CursorShape.PointingHandCursor)
    if icon_name:
        colour = {"primary": "on_fill", "destructive": "bad"}.get(kind, "text2")
        made.setIcon(icon(icon_name, colour))
        made.setIconSize(QSize(16, 16))
    return made


def arrow_button(text: str, parent: QWidget | None = None) -> QPushButton:
    """Give a primary button that moves to the next stage: an arrow follows its text."""
    made = button(text, "primary", "arrow-right", parent)
    made.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    return made


def tool(
    icon_name: str, tooltip: str, *, checkable: bool = False, parent: QWidget | None = None
) -> QToolButton:
    """Give a 28 px icon button; the tooltip is its accessible name."""
    made = QToolButton(parent)
    made.setIcon(icon(icon_name))
    made.setIconSize(QSize(18, 18))
    made.setFixedSize(28, 28)
    made.setToolTip(tooltip)
    made.setAccessibleName(tooltip)
    made.setCheckable(checkable)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made
