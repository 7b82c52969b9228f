"""One PNG of pictures side by side, for slides and papers: titles, scale bars, colour bars.

Pixels and letters alike are drawn by Pillow, without Qt; it is imported when a figure is made.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidParameter
from superlens.io.image_metadata import Facts
from superlens.io.locations import resources_dir
from superlens.report.figures import Image, averaging_factor, box_average
from superlens.report.palette import CANVAS, INK, INK2, lookup
from superlens.report.scales import scale_bar
from superlens.report.words import number

LARGEST_PANEL_PX = 2048
"""A longer side is averaged down to at most this."""

_SMALLEST_PANEL_PX = 480
_DPI = 300
_TEXT_PER_PANEL = 0.042
_SMALLEST_TEXT_PX = 16
_PLATE_OPACITY = 178
_HUES = {
    "grey": "#FFFFFF",
    "green": "#00FF00",
    "magenta": "#FF00FF",
    "cyan": "#00FFFF",
    "yellow": "#FFFF00",
}
_MAPS = ("magma", "viridis", "diverging")
LUT_NAMES = (*_HUES, *_MAPS)
"""What a panel can be coloured by, besides any `#RRGGBB`."""


@dataclass(frozen=True, slots=True)
class FigurePanel:
    """One picture of a figure."""

    title: str
    image: Image
    """(Y, X)"""
    limits: tuple[float, float]
    """Values of the dark and of the bright end."""
    lut: str = "grey"
    """One of `LUT_NAMES`, or the bright end as `#RRGGBB`."""
    pixel_um: float | None = None
    """Of `image`; None makes a scale bar in pixels."""
    has_colour_bar: bool = False
    unit: str = ""
    """Of the values, for the colour bar."""


def figure_png(
    panels: Sequence[FigurePanel], columns: int, footer: str, facts: Facts = ()
) -> bytes:
    """Give a figure as PNG of 300 dpi.

    All panels become equally wide, so that pictures of one field with finer and coarser pixels can
    be compared: pixels are repeated, never smoothed.

    Args:
        panels: row by row.
        columns: panels per row.
        footer: what stands below, such as what made the pictures; empty leaves it out.
        facts: names and values that are written into the file, unseen.

    Raises:
        InvalidParameter: there is no such look-up table.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    pictures = _coloured(panels)
    layout = _Layout.of(pictures, columns)
    canvas = Pillow.new("RGB", layout.size(len(panels), footer), "#FFFFFF")
    draw = ImageDraw.Draw(canvas, "RGBA")
    for index, (panel, picture) in enumerate(zip(panels, pictures, strict=True)):
        x, y = layout.corner(index)
        draw.text((x, y - layout.text * 1.45), panel.title, INK, _font(600, layout.text))
        canvas.paste(Pillow.fromarray(picture), (x, y))
        _draw_scale_bar(draw, layout, panel, (x, y))
        if panel.has_colour_bar:
            _draw_colour_bar(draw, layout, panel, (x, y))
    if footer:
        _draw_footer(draw, layout, canvas.size, footer)
    return _encoded(canvas, footer, facts)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where panels stand, in px."""

    width: int
    height: int
    columns: int
    text: int

    @staticmethod
    def of(pictures: Sequence[NDArray[np.uint8]], columns: int) -> "_Layout":
        height, width = pictures[0].shape[:2]
        text = max(_SMALLEST_TEXT_PX, round(_TEXT_PER_PANEL * width))
        return _Layout(width, height, min(columns, len(pictures)), text)

    @property
    def gap(self) -> int:
        return self.text

    @property
    def row(self) -> int:
        """Height of a row: title, picture, colour bar."""
        return self.height + round(4.2 * self.text)

    def corner(self, index: int) -> tuple[int, int]:
        """Give the upper left corner of a picture."""
        row, column = divmod(index, self.columns)
        x = self.gap + column * (self.width + self.gap)
        return x, round(2.2 * self.text) + row * self.row

    def size(self, count: int, footer: str) -> tuple[int, int]:
        rows = -(-count // self.columns)
        width = self.gap + self.columns * (self.width + self.gap)
        below = len(_wrapped(footer, self, width)) * round(1.3 * self.text) if footer else 0
        return width, self.gap + rows * self.row + below


def _coloured(panels: Sequence[FigurePanel]) -> list[NDArray[np.uint8]]:
    """Give all pictures as (Y, X, 3), equally large: pixels are averaged or repeated."""
    averaged = [_averaged(panel.image) for panel in panels]
    height, width = max((picture.shape for picture in averaged), key=lambda shape: shape[1])
    times = max(1, -(-_SMALLEST_PANEL_PX // max(height, width)))
    size = (height * times, width * times)
    return [_shown(panel, picture, size) for panel, picture in zip(panels, averaged, strict=True)]


def _averaged(image: Image) -> Image:
    height, width = image.shape
    return box_average(image, averaging_factor(height, width, LARGEST_PANEL_PX))


def _shown(panel: FigurePanel, picture: Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    low, high = panel.limits
    levels = np.clip((np.nan_to_num(picture, nan=low) - low) / (high - low), 0, 1)
    indices = np.rint(levels * 255).astype(np.uint8)
    rows, columns = (
        np.minimum(np.arange(new) * old // new, old - 1)
        for new, old in zip(size, indices.shape, strict=True)
    )
    return _table(panel.lut)[indices[rows][:, columns]]


def _table(lut: str) -> NDArray[np.uint8]:
    """Give a look-up table as 256 rows of RGB."""
    name = lut.lower()
    if name in _MAPS:
        return lookup(name)
    bright = _HUES.get(name, name)
    try:
        parts = np.frombuffer(bytes.fromhex(bright.removeprefix("#")), np.uint8)
    except ValueError:
        parts = np.empty(0, np.uint8)
    if not bright.startswith("#") or parts.size != 3:
        raise InvalidParameter(
            f"There is no look-up table {lut!r}", f"Choose {', '.join(LUT_NAMES)} or #RRGGBB"
        )
    return np.rint(np.outer(np.arange(256) / 255, parts)).astype(np.uint8)


def _draw_scale_bar(
    draw: Any, layout: _Layout, panel: FigurePanel, corner: tuple[int, int]
) -> None:
    bar = scale_bar(panel.image.shape[1], panel.pixel_um)
    font = _font(600, layout.text)
    length, thick = bar.fraction * layout.width, max(3, layout.text // 5)
    inner = max(length, font.getlength(bar.label))
    pad = layout.text // 2
    plate_width, plate_height = inner + 2 * pad, 1.45 * layout.text + thick + pad
    right, bottom = corner[0] + layout.width - pad, corner[1] + layout.height - pad
    left, top = right - plate_width, bottom - plate_height
    draw.rounded_rectangle((left, top, right, bottom), pad // 2, (*_rgb(CANVAS), _PLATE_OPACITY))
    middle = left + plate_width / 2
    draw.text((middle, top + pad * 0.4), bar.label, "#FFFFFF", font, anchor="ma")
    y = bottom - pad - thick
    draw.rectangle((middle - length / 2, y, middle + length / 2 - 1, y + thick - 1), "#FFFFFF")


def _draw_colour_bar(
    draw: Any, layout: _Layout, panel: FigurePanel, corner: tuple[int, int]
) -> None:
    table = _table(panel.lut)
    x, y = corner[0], corner[1] + layout.height + layout.text // 3
    height = max(4, layout.text // 3)
    for step in range(layout.width):
        colour = tuple(int(part) for part in table[step * 255 // max(1, layout.width - 1)])
        draw.line((x + step, y, x + step, y + height), colour)
    font = _font(400, round(0.8 * layout.text))
    below = y + height + layout.text // 6
    low, high = (f"{number(value)} {panel.unit}".strip() for value in panel.limits)
    draw.text((x, below), low, INK2, font)
    draw.text((x + layout.width, below), high, INK2, font, anchor="ra")


def _draw_footer(draw: Any, layout: _Layout, size: tuple[int, int], footer: str) -> None:
    font = _font(400, round(0.8 * layout.text))
    lines = _wrapped(footer, layout, size[0])
    top = size[1] - layout.gap // 2 - len(lines) * round(1.3 * layout.text)
    for index, line in enumerate(lines):
        draw.text((layout.gap, top + index * round(1.3 * layout.text)), line, INK2, font)


def _wrapped(text: str, layout: _Layout, width: int) -> list[str]:
    font = _font(400, round(0.8 * layout.text))
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width - 2 * layout.gap:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _font(weight: int, size_px: int) -> Any:
    from PIL import ImageFont

    name = {400: "Inter-Regular.otf", 600: "Inter-SemiBold.otf"}[weight]
    try:
        return ImageFont.truetype(str(resources_dir() / "fonts" / name), size_px)
    except OSError:
        return ImageFont.load_default(size_px)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _encoded(canvas: Any, footer: str, facts: Facts) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    written = PngInfo()
    for name, value in (("Description", footer), *facts):
        if value:
            written.add_itxt(name[:79], value)
    buffer = io.BytesIO()
    canvas.save(buffer, "PNG", compress_level=6, dpi=(_DPI, _DPI), pnginfo=written)
    return buffer.getvalue()
