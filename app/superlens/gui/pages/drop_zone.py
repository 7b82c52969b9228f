"""The dashed zone of the start page."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from superlens.gui.theme.current import tokens
from superlens.gui.theme.icons import draw_icon
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.labels import label


class DropZone(QWidget):
    """Says what may be dropped and offers the two import buttons; the window takes the drop."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_hot = False
        self.setMinimumHeight(250)
        self.files = button("Import files…", "primary", "file-plus")
        self.folder = button("Import folder…", icon_name="folder-open")
        heading = label("Drop microscope files or a folder", "heading")
        formats = label(
            "TIFF, OME-TIFF, ImageJ TIFF, ND2, LIF, CZI, DV, MRC, IMS, PNG  ·  "
            "multi-scene, Z, T, channels",
            "body",
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.files)
        buttons.addWidget(self.folder)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addStretch(1)
        column.addWidget(_Disc(self), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(8)
        column.addWidget(heading, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(formats, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(12)
        column.addLayout(buttons)
        column.addStretch(1)

    def set_hot(self, is_hot: bool) -> None:
        """Show that a drag is over the window."""
        if is_hot != self._is_hot:
            self._is_hot = is_hot
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(colours.accent if self._is_hot else colours.control), 1.6)
        pen.setDashPattern([6, 4])
        painter.setPen(pen)
        painter.setBrush(QColor(colours.tint if self._is_hot else colours.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)


class _Disc(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(64, 64)

    def sizeHint(self) -> QSize:
        return QSize(64, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens().tint))
        painter.drawEllipse(QRectF(0, 0, 64, 64))
        draw_icon(painter, QRect(18, 17, 28, 28), "download-simple", QColor(tokens().accent))
