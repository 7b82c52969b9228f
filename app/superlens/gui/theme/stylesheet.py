"""The one style sheet of the window, built from the tokens.

Widgets choose a look by the dynamic properties `kind` (buttons), `tone` (labels) and `surface`
(frames).
"""

from dataclasses import asdict
from string import Template

from superlens.gui.theme.tokens import Tokens

_SHEET = Template("""
* { outline: none; }
QMainWindow, QDialog { background: $window; }
QWidget { color: $text2; font-size: 13px; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 5px 8px; }

*[surface="window"] { background: $window; }
*[surface="popup"] { background: $raised; border: 1px solid $control; border-radius: 8px; }
*[surface="popup"] QListView { background: $raised; }
*[surface="surface"] { background: $surface; }
QFrame[surface="canvas"] { background: $canvas; border-radius: 6px; }
QFrame[surface="card"] { background: $raised; border: 1px solid $line; border-radius: 8px; }
QFrame[surface="card"][selected="true"] { border: 2px solid $accent; }
QFrame[surface="card"]:focus { border: 2px solid $accent; }
QFrame[surface="rule"] { background: $line; border: none; }
QFrame[surface="well"] { background: $window; border-radius: 8px; }

QLabel { background: transparent; }
QLabel[tone="title"] { color: $text; font-size: 28px; font-weight: 600; }
QLabel[tone="key"] { color: $text; font-size: 20px; font-weight: 600; }
QLabel[tone="heading"] { color: $text; font-size: 20px; font-weight: 600; }
QLabel[tone="block"] { color: $text; font-size: 15px; font-weight: 600; }
QLabel[tone="strong"] { color: $text; font-weight: 600; }
QLabel[tone="value"] { color: $text; font-size: 12px; font-weight: 600; }
QLabel[tone="body"] { color: $text2; }
QLabel[tone="section"] { color: $text2; font-weight: 600; }
QLabel[tone="caption"] { color: $text3; font-size: 12px; }
QLabel[tone="label"] { color: $text2; font-size: 12px; }
QLabel[tone="bad"] { color: $bad; font-size: 12px; }
QLabel[tone="warn"] { color: $warn; font-size: 12px; }
QLabel[tone="ok"] { color: $ok; font-size: 12px; }
QLabel[tone="link-digit"] { color: $accent; font-weight: 600; }
QLabel[tone="pane"] { color: $on_canvas; font-weight: 600; }
QLabel[tone="pane-caption"] { color: $on_canvas2; font-size: 12px; }

QPushButton { min-height: 30px; padding: 0 12px; border-radius: 6px; font-weight: 500;
  color: $text; background: $raised; border: 1px solid $line; }
QPushButton:hover { background: $hover; }
QPushButton:focus { border: 2px solid $accent; padding: 0 11px; min-height: 28px; }
QPushButton:disabled { color: $text3; background: $surface; }
QPushButton[kind="primary"] { color: $on_fill; background: $fill; border: 1px solid $fill;
  font-weight: 600; padding: 0 16px; }
QPushButton[kind="primary"]:hover { background: $accent_deep; border-color: $accent_deep; }
QPushButton[kind="primary"]:focus { border: 2px solid $text; padding: 0 15px; }
QPushButton[kind="primary"]:disabled { color: $text3; background: $hover; border-color: $hover; }
QPushButton[kind="ghost"] { background: transparent; border: 1px solid transparent; color: $text2; }
QPushButton[kind="ghost"]:hover { background: $hover; }
QPushButton[kind="ghost"]:focus { border: 2px solid $accent; }
QPushButton[kind="small"] { min-height: 22px; padding: 0 8px; background: transparent;
  border: 1px solid transparent; color: $text2; font-size: 12px; }
QPushButton[kind="small"]:hover { background: $hover; }
QPushButton[kind="small"]:focus { border: 1px solid $accent; }
QPushButton[kind="line"] { min-height: 34px; padding: 0 16px; background: transparent;
  border: none; border-radius: 0; color: $text2; font-size: 12px; text-align: left; }
QPushButton[kind="line"]:hover { background: $hover; }
QPushButton[kind="line"]:focus { border: 1px solid $accent; padding: 0 15px; min-height: 32px; }
QPushButton[kind="link"] { background: transparent; border: 1px solid transparent; color: $accent;
  padding: 0; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus { border: 1px solid $accent; }
QPushButton[kind="destructive"] { color: $bad; }

QToolButton { border: none; border-radius: 6px; background: transparent; padding: 0;
  color: $text2; }
QToolButton:hover { background: $hover; }
QToolButton:checked { background: $tint; }
QToolButton:focus { border: 2px solid $accent; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextBrowser { background: $surface; color: $text;
  border: 1px solid $control; border-radius: 6px; padding: 0 10px; min-height: 28px;
  selection-background-color: $fill; selection-color: $on_fill; }
QLineEdit:focus, QAbstractSpinBox:focus { border: 2px solid $accent; padding: 0 9px;
  min-height: 26px; }
QLineEdit:disabled, QAbstractSpinBox:disabled { color: $text3; border-color: $line; }
QLineEdit[state="bad"], QAbstractSpinBox[state="bad"] { border: 1px solid $bad; }
QLineEdit[kind="search"] { padding: 0 4px; }
QLineEdit[kind="search"]:focus { padding: 0 3px; }
QPlainTextEdit { padding: 6px 10px; border: none; border-radius: 0; }
QPlainTextEdit[kind="field"] { padding: 4px 7px; border: 1px solid $control; border-radius: 6px; }
QPlainTextEdit[kind="field"]:focus { border: 2px solid $accent; padding: 3px 6px; }

QMenuBar { background: $window; color: $text2; padding: 0; spacing: 0; border: none; }
QMenuBar::item { background: transparent; padding: 8px 12px; border-radius: 6px; }
QMenuBar::item:selected { background: $hover; color: $text; }
QMenu { background: $raised; border: 1px solid $line; padding: 6px; }
QMenu::item { padding: 6px 28px 6px 12px; border-radius: 4px; color: $text; }
QMenu::item:selected { background: $tint; color: $text; }
QMenu::item:disabled { color: $text3; }
QMenu::separator { height: 1px; background: $line; margin: 6px 8px; }
QMenu::indicator { width: 14px; height: 14px; margin-left: 6px; }

QAbstractItemView { background: $surface; border: none; color: $text2;
  selection-background-color: $tint; selection-color: $text; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $line; padding: 4px; }
QHeaderView { background: $surface; border: none; }
QHeaderView::section { background: $surface; color: $text3; font-size: 12px; font-weight: 500;
  border: none; padding: 0 8px; height: 30px; }
QTableView { gridline-color: transparent; }
QTableView[kind="preview"]::item { padding: 0 5px; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 9px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 9px; margin: 0; }
QScrollBar::handle { background: $scroll; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSplitter::handle { background: $line; }
QStatusBar { background: $window; border-top: 1px solid $line; }
QStatusBar::item { border: none; }
""")


def style_sheet(tokens: Tokens) -> str:
    """Give the whole style sheet of a scheme."""
    values = asdict(tokens)
    values["accent_deep"] = _mixed(tokens.fill, tokens.window, 0.12)
    values["scroll"] = _mixed(tokens.control, tokens.surface, 0.5)
    return _SHEET.substitute(values)


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = ((int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)
