"""The printer of the report: the only module of the package that uses Qt.

Makes a QGuiApplication without a display where there is none; text stays selectable, drawings stay
vectors, pictures are embedded without loss, job documents are attached.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtSvg import QSvgRenderer

from superlens.core.errors import InvalidInput
from superlens.io.atomic import replace_file
from superlens.io.locations import resources_dir
from superlens.report.blocks import Document, Raster
from superlens.report.icons import mark
from superlens.report.layout import FOOT_BASELINE, all_pieces
from superlens.report.lettering import TextStyle
from superlens.report.pagination import Piece, paginate
from superlens.report.press import BRAND, SMALL, SUBTITLE, TITLE, Lines, Span

_DPI = 1200
_SCALE = _DPI / 96
_PAGE = (794.0, 1123.0)
_LEFT = 64.0
_WIDTH = _PAGE[0] - 2 * _LEFT
_TOP = 44.0
_BODY_TOP = 76.0
_FOOT = 1123.0 - 36.0
_BODY_BOTTOM = _FOOT - FOOT_BASELINE
_FALLBACK_FAMILIES = ("Segoe UI", "Helvetica Neue", "Noto Sans", "DejaVu Sans", "Arial")


def write_pdf(document: Document, path: Path) -> None:
    """Print a report as a PDF file, whole or not at all.

    Args:
        document: the report.
        path: the file to write; replaced if it is there.

    Raises:
        InvalidInput: the file cannot be written.
    """
    with _application(), replace_file(path) as part:
        _print(document, part)


def paint_png(svg: str, width_px: int) -> bytes:
    """Give a drawing as a PNG file on white.

    Args:
        svg: the drawing, an SVG document of `svg.Drawing`.
        width_px: of the picture; its height follows.
    """
    with _application():
        _bundled_families()
        renderer = QSvgRenderer(QByteArray(svg.encode()))
        size = renderer.defaultSize()
        height_px = round(width_px * size.height() / size.width())
        image = QImage(width_px, height_px, QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        renderer.render(painter)
        painter.end()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType]
        return bytes(buffer.data().data())


@contextmanager
def _application() -> Iterator[None]:
    """Lend the application that Qt needs for fonts: the one that runs, else one without a display.

    It ends with the printing, so that a process may open a window afterwards.
    """
    if QGuiApplication.instance() is not None:
        yield
        return
    # The argument, not the environment: the user's own choice of platform stays untouched.
    application = QGuiApplication(["superlens-report", "-platform", "offscreen"])
    try:
        yield
    finally:
        application.shutdown()


def _print(document: Document, path: Path) -> None:
    writer = QPdfWriter(str(path))
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setResolution(_DPI)
    writer.setTitle(document.title)
    writer.setCreator(document.software)
    writer.setAuthor(document.software)
    for attachment in document.attachments:
        writer.addFileAttachment(
            attachment.name, QByteArray(attachment.data), attachment.media_type
        )
    painter = QPainter()
    if not painter.begin(writer):
        raise InvalidInput(f"{path.name} cannot be written", "Choose another folder")
    try:
        painter.setRenderHint(QPainter.RenderHint.LosslessImageRendering)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _print_pages(document, writer, _QtPress(painter, writer))
    finally:
        painter.end()


def _print_pages(document: Document, writer: QPdfWriter, press: "_QtPress") -> None:
    pieces = _title_pieces(document, press) + all_pieces(press, document.blocks, _WIDTH)
    pages = paginate(pieces, _BODY_BOTTOM - _BODY_TOP)
    for number, page in enumerate(pages, start=1):
        if number > 1:
            writer.newPage()
        _print_frame(document, press, number, len(pages))
        for placed in page:
            placed.piece.paint(_LEFT, _BODY_TOP + placed.y)


def _title_pieces(document: Document, press: "_QtPress") -> list[Piece]:
    title = press.lines((Span(document.title, TITLE),), _WIDTH)
    subtitle = press.lines((Span(document.subtitle, SUBTITLE),), _WIDTH)
    return [
        Piece(title.height, title.draw, is_kept_with_next=True),
        Piece(subtitle.height, subtitle.draw, gap=4.0),
    ]


def _print_frame(document: Document, press: "_QtPress", number: int, total: int) -> None:
    press.svg(mark().svg(), (_LEFT, _TOP, 16, 16))
    press.text("Superlens", (_LEFT + 24, _TOP + 12), BRAND)
    right = _LEFT + _WIDTH
    press.text(f"Report {document.number}", (right, _TOP + 12), SMALL, "end")
    press.text(f"Page {number} of {total}", (right, _FOOT), SMALL, "end")


class _QtLines:
    """Text broken into lines by Qt."""

    def __init__(self, painter: QPainter, layout: QTextLayout, height: float) -> None:
        self._painter = painter
        self._layout = layout
        self.height = height / _SCALE

    def draw(self, x: float, y: float) -> None:
        self._layout.draw(self._painter, QPointF(x * _SCALE, y * _SCALE))


class _QtPress:
    """`Press` on a PDF page."""

    def __init__(self, painter: QPainter, device: QPdfWriter) -> None:
        self._painter = painter
        self._device = device
        self._families = [*_bundled_families(), *_FALLBACK_FAMILIES]
        self._fonts: dict[TextStyle, QFont] = {}
        self._metrics: dict[TextStyle, QFontMetricsF] = {}

    def lines(self, spans: tuple[Span, ...], width: float) -> Lines:
        text = "".join(span.text for span in spans)
        layout = QTextLayout(text, self._font(spans[0].style), self._device)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.setFormats(self._formats(spans))
        leading = spans[0].style.leading * _SCALE
        height = 0.0
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width * _SCALE)
            line.setPosition(QPointF(0, height + (leading - line.height()) / 2))
            height += leading
        layout.endLayout()
        return _QtLines(self._painter, layout, height)

    def width_of(self, text: str, style: TextStyle) -> float:
        if style not in self._metrics:
            self._metrics[style] = QFontMetricsF(self._font(style), self._device)
        return self._metrics[style].horizontalAdvance(text) / _SCALE

    def text(
        self, text: str, at: tuple[float, float], style: TextStyle, anchor: str = "start"
    ) -> None:
        x, y = at
        if anchor == "end":
            x -= self.width_of(text, style)
        self._painter.setFont(self._font(style))
        self._painter.setPen(QColor(style.colour))
        self._painter.drawText(QPointF(x * _SCALE, y * _SCALE), text)

    def line(
        self, ends: tuple[float, float, float, float], colour: str, width: float = 1.0
    ) -> None:
        x1, y1, x2, y2 = (end * _SCALE for end in ends)
        self._painter.setPen(QPen(QColor(colour), width * _SCALE))
        self._painter.drawLine(QPointF(x1, y1), QPointF(x2, y2))

    def rect(self, box: tuple[float, float, float, float], fill: str, radius: float = 0.0) -> None:
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(QColor(fill))
        self._painter.drawRoundedRect(_device_box(box), radius * _SCALE, radius * _SCALE)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)

    def svg(self, svg: str, box: tuple[float, float, float, float]) -> None:
        # Drawings inherit the font of the painter where they say nothing; let that be a plain one.
        self._painter.setFont(self._font(TextStyle(10)))
        QSvgRenderer(QByteArray(svg.encode())).render(self._painter, _device_box(box))

    def picture(self, raster: Raster, box: tuple[float, float, float, float]) -> None:
        image = QImage.fromData(QByteArray(raster.png))
        self._painter.drawImage(_device_box(box), image)

    def _formats(self, spans: tuple[Span, ...]) -> list[QTextLayout.FormatRange]:
        ranges: list[QTextLayout.FormatRange] = []
        start = 0
        for span in spans:
            piece: Any = QTextLayout.FormatRange()
            piece.start, piece.length = start, len(span.text)
            look = QTextCharFormat()
            look.setFont(self._font(span.style))
            look.setForeground(QColor(span.style.colour))
            piece.format = look
            ranges.append(piece)
            start += len(span.text)
        return ranges

    def _font(self, style: TextStyle) -> QFont:
        if style not in self._fonts:
            font = QFont()
            font.setFamilies(self._families)
            font.setPixelSize(round(style.size * _SCALE))
            font.setWeight(QFont.Weight(style.weight))
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            # Glyphs that only a font feature reaches lose their letters when copied from a PDF:
            # no contextual forms here, and no tabular figures, which a window in this process
            # asks for in the font of the whole application.
            font.setFeature(QFont.Tag("calt"), 0)
            font.setFeature(QFont.Tag("tnum"), 0)
            self._fonts[style] = font
        return self._fonts[style]


def _device_box(box: tuple[float, float, float, float]) -> QRectF:
    x, y, width, height = (side * _SCALE for side in box)
    return QRectF(x, y, width, height)


def _bundled_families() -> list[str]:
    families: list[str] = []
    for path in sorted((resources_dir() / "fonts").glob("*.otf")):
        number = QFontDatabase.addApplicationFont(str(path))
        if number >= 0:
            families += QFontDatabase.applicationFontFamilies(number)[:1]
    return families[:1]
