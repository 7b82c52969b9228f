"""Pictures of checked pairs: low and high laid over each other, and how far pairs are displaced.

Arrays and plain numbers in, drawings and PNG out.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from superlens.report.blocks import Raster
from superlens.report.figures import Image, png_raster, shared_limits, structured_window
from superlens.report.lettering import TextStyle
from superlens.report.palette import CONTROL, INK2, LINE, ROLE_COLOUR, Role
from superlens.report.scales import linear_axis
from superlens.report.svg import Drawing

PANEL_PX = 480
_ZOOMED_PX = 96
_GAP_PX = 8
_AXIS = TextStyle(9, colour=INK2)
_HEAD = TextStyle(10, 600)
_LEFT, _TOP, _BOTTOM = 34.0, 24.0, 34.0


def overlay_picture(low: Image, high: Image, before: Image | None) -> Raster:
    """Lay a low picture (magenta) over its high one (green): white where they agree.

    Panels from left to right: the whole field, and its liveliest part pixel by pixel; in front of
    the last one the same part as the files come, where that can be compared.

    Args:
        low: (Y, X), cut to what both show.
        high: (Y, X), brought onto it and averaged over blocks.
        before: (Y, X), as `high` but not brought onto it; None leaves its panel out.
    """
    window = structured_window(high, _ZOOMED_PX)
    cut = np.s_[window.y : window.y + window.height, window.x : window.x + window.width]
    panels = [_panel(_merged(low, high))]
    if before is not None:
        panels.append(_panel(_merged(low[cut], before[cut])))
    panels.append(_panel(_merged(low[cut], high[cut])))
    gap = np.full((PANEL_PX, _GAP_PX, 3), 255, np.uint8)
    strips = [strip for panel in panels for strip in (panel, gap)]
    return png_raster(np.concatenate(strips[:-1], axis=1))


def shift_drawing(
    edges_px: Sequence[float], counts: Sequence[int], size: tuple[float, float] = (420.0, 220.0)
) -> Drawing:
    """Draw how many pairs are displaced how far.

    Args:
        edges_px: of the bins, in low-resolution pixels.
        counts: pairs in each.
        size: of the drawing in px.
    """
    drawing = Drawing(*size)
    right, bottom = size[0] - 8.0, size[1] - _BOTTOM
    axis = linear_axis(0.0, float(max([*counts, 1])))
    drawing.text("Pairs by displacement of the high picture", (0, 11), _HEAD)
    for tick in axis.ticks:
        if tick.is_integer():
            y = bottom - axis.at(tick) * (bottom - _TOP)
            drawing.line((_LEFT, y, right, y), LINE)
            drawing.text(f"{tick:.0f}", (_LEFT - 6, y + 3.2), _AXIS, "end")
    step = (right - _LEFT) / max(len(counts), 1)
    for index, count in enumerate(counts):
        height = axis.at(float(count)) * (bottom - _TOP)
        if count:
            box = (_LEFT + index * step + 1, bottom - height, max(step - 2, 1.0), height)
            drawing.rect(box, ROLE_COLOUR[Role.LOW])
    drawing.line((_LEFT, bottom, right, bottom), CONTROL)
    every = max(1, round(len(counts) / 8))
    for index in range(0, len(edges_px), every):
        at = (_LEFT + index * step, bottom + 13)
        drawing.text(f"{edges_px[index]:g}", at, _AXIS, "middle")
    drawing.text("low-resolution pixels", ((_LEFT + right) / 2, bottom + 28), _AXIS, "middle")
    return drawing


def _merged(low: Image, high: Image) -> NDArray[np.uint8]:
    """Give (Y, X, 3): low in red and blue, high in green, each with its own contrast."""
    magenta, green = (_levels(image) for image in (low, high))
    return np.stack([magenta, green, magenta], axis=-1)


def _levels(image: Image) -> NDArray[np.uint8]:
    bottom, top = shared_limits(image)
    return np.rint(np.clip((image - bottom) / (top - bottom), 0, 1) * 255).astype(np.uint8)


def _panel(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fit pixels into a panel, averaged or repeated but never smoothed, centred on black."""
    from PIL import Image as Pillow

    factor = PANEL_PX / max(pixels.shape[:2])
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    how = Pillow.Resampling.NEAREST if factor >= 1 else Pillow.Resampling.BOX
    fitted = np.asarray(Pillow.fromarray(pixels).resize((width, height), how))
    panel = np.zeros((PANEL_PX, PANEL_PX, 3), np.uint8)
    top, left = (PANEL_PX - height) // 2, (PANEL_PX - width) // 2
    panel[top : top + height, left : left + width] = fitted
    return panel
