"""The cards of the start page: a sample with its picture, a recent project."""

from pathlib import Path

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from superlens.gui.pages.samples import Sample
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size


class Card(QAbstractButton):
    """A raised surface that is one button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paint_ground(self, painter: QPainter) -> None:
        """Paint the surface, its edge and the focus ring."""
        colours = tokens()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self.hasFocus()
        edge = colours.accent if ring else colours.control if self.underMouse() else colours.line
        painter.setPen(QPen(QColor(edge), 2 if ring else 1))
        painter.setBrush(QColor(colours.raised))
        inset = 1 if ring else 0.5
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 8, 8)


class SampleCard(Card):
    """A sample image: its picture above its name."""

    def __init__(self, sample: Sample, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sample = sample
        self._title, self._caption = sample.title, sample.caption
        self._picture: QImage | None = None
        self.setAccessibleName(f"Open the sample {sample.title}, {sample.caption}")
        self.setToolTip(sample.path.name)
        self.setMinimumSize(180, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_picture(self, picture: QImage) -> None:
        """Show the picture of the sample."""
        self._picture = picture
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(232, 205)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_ground(painter)
        room = QRectF(self.rect()).adjusted(1, 1, -1, -57)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 7, 7)
        painter.save()
        painter.setClipPath(shape)
        painter.setClipRect(room, Qt.ClipOperation.IntersectClip)
        painter.fillRect(room, QColor(tokens().canvas))
        if self._picture is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(room, self._picture, _cropped(self._picture, room))
        painter.restore()
        left = self.rect().adjusted(14, self.height() - 50, -14, 0)
        painter.setFont(font(Size.BODY, 600))
        painter.setPen(QColor(tokens().text))
        painter.drawText(QRect(left.left(), left.top(), left.width(), 20), 0, self._title)
        painter.setFont(font(Size.CAPTION))
        painter.setPen(QColor(tokens().text3))
        caption = painter.fontMetrics().elidedText(
            self._caption, Qt.TextElideMode.ElideRight, left.width()
        )
        painter.drawText(QRect(left.left(), left.top() + 21, left.width(), 20), 0, caption)


class RecentCard(Card):
    """A project opened before: its name, where it lies, when."""

    def __init__(
        self, folder: Path, caption: str, when: str, pictures: tuple[Path, ...] = ()
    ) -> None:
        super().__init__()
        self.folder = folder
        self._caption, self._when = caption, when
        self._pictures = tuple(QPixmap(str(path)) for path in pictures[:4])
        self.setAccessibleName(f"Open the project {folder.name}")
        self.setToolTip(str(folder))
        self.setMinimumHeight(56)
        self.setMaximumHeight(92)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(404, 92)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_ground(painter)
        middle = self.height() // 2
        side = min(56, self.height() - 20)
        _paint_mosaic(painter, QRectF(14, middle - side / 2, side, side), self._pictures)
        painter.setFont(font(Size.CAPTION))
        painter.setPen(QColor(tokens().text3))
        painter.drawText(
            self.rect().adjusted(0, 0, -16, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            self._when,
        )
        left = 14 + side + 16
        width = self.width() - left - 32 - painter.fontMetrics().horizontalAdvance(self._when)
        caption = painter.fontMetrics().elidedText(
            self._caption, Qt.TextElideMode.ElideMiddle, width
        )
        painter.drawText(QRect(left, middle + 1, width, 18), 0, caption)
        painter.setFont(font(Size.BODY, 600))
        painter.setPen(QColor(tokens().text))
        name = painter.fontMetrics().elidedText(
            self.folder.name, Qt.TextElideMode.ElideMiddle, width
        )
        painter.drawText(QRect(left, middle - 19, width, 18), 0, name)


def _paint_mosaic(painter: QPainter, place: QRectF, pictures: tuple[QPixmap, ...]) -> None:
    """Paint up to four pictures in a square, or an icon where there is none."""
    if not pictures:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens().tint))
        painter.drawRoundedRect(place, 6, 6)
        inset = int(place.width() * 0.28)
        inside = place.toRect().adjusted(inset, inset, -inset, -inset)
        draw_icon(painter, inside, "stack", QColor(tokens().accent))
        return
    side = (place.width() - 2) / 2 if len(pictures) > 1 else place.width()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    for number, picture in enumerate(pictures):
        left = place.left() + number % 2 * (side + 2)
        top = place.top() + number // 2 * (side + 2)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(left, top, side, side), 3, 3)
        painter.save()
        painter.setClipPath(shape)
        painter.drawPixmap(QRectF(left, top, side, side), picture, QRectF(picture.rect()))
        painter.restore()


def _cropped(picture: QImage, room: QRectF) -> QRectF:
    scale = min(picture.width() / room.width(), picture.height() / room.height())
    width, height = room.width() * scale, room.height() * scale
    return QRectF((picture.width() - width) / 2, (picture.height() - height) / 2, width, height)
