"""One assay in the list at the left of Measure."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from superlens.core.assay import AssaySpec
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size


class AssayRow(QAbstractButton):
    """A row of 36 px: icon and title, tinted when chosen."""

    def __init__(self, spec: AssaySpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.setText(spec.title)
        self.setCheckable(True)
        self.setFixedHeight(36)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(", ".join(role.title for role in spec.channels_required))

    def sizeHint(self) -> QSize:
        return QSize(200, 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked()
        if on or self.underMouse():
            painter.setPen(QColor(colours.accent) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.tint if on else colours.hover))
            painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        ink = colours.accent if on else colours.text2
        draw_icon(painter, QRect(10, 10, 16, 16), "flask", QColor(ink))
        painter.setFont(font(Size.BODY, 600 if on else 500))
        painter.setPen(QColor(colours.text if on else colours.text2))
        painter.drawText(
            self.rect().adjusted(36, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, self.text()
        )
