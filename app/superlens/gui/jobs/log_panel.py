"""The log: what the engines said, newest at the end."""

from datetime import datetime

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from superlens.core.messages import LogLevel, LogLine
from superlens.gui.theme.current import tokens

_KEPT_LINES = 2000


class LogPanel(QPlainTextEdit):
    """Lines of text that can be read and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setMaximumBlockCount(_KEPT_LINES)
        self.setAccessibleName("Log")
        self.setPlaceholderText("What the engine says appears here.")

    def add_line(self, line: LogLine) -> None:
        """Append one line; debug lines are left out."""
        if line.level is LogLevel.DEBUG:
            return
        colours = tokens()
        ink = {LogLevel.WARNING: colours.warn, LogLevel.ERROR: colours.bad}
        form = QTextCharFormat()
        form.setForeground(QColor(ink.get(line.level, colours.text2)))
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if not self.document().isEmpty():
            cursor.insertBlock()
        cursor.insertText(f"{datetime.now():%H:%M:%S}  {line.text}", form)
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
