"""How text looks and how wide it is, without Qt: for plates behind labels in drawings.

Measured with the bundled font; what is drawn with another one is squeezed into the same width.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from superlens.io.locations import resources_dir
from superlens.report.palette import INK

_FILES = {400: "Inter-Regular.otf", 500: "Inter-Medium.otf", 600: "Inter-SemiBold.otf"}
_MEASURED_AT_PX = 100
_AVERAGE_EM = 0.58
"""Average width of a letter where the font cannot be opened."""


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How text looks."""

    size: float
    """In px at 96 dpi."""
    weight: int = 400
    """400 text, 500 controls, 600 titles and values."""
    colour: str = INK
    line_height: float = 0.0
    """Distance of baselines; 0 takes 1.38 times the size."""

    @property
    def leading(self) -> float:
        """The distance of two baselines."""
        return self.line_height or 1.38 * self.size


def text_width(text: str, style: TextStyle) -> float:
    """Give the width of one line of text in px."""
    font = _font(style.weight)
    if font is None:
        return _AVERAGE_EM * style.size * len(text)
    return font.getlength(text) * style.size / _MEASURED_AT_PX


@lru_cache(maxsize=4)
def _font(weight: int) -> Any:
    from PIL import ImageFont

    path = resources_dir() / "fonts" / _FILES[weight]
    try:
        return ImageFont.truetype(str(path), _MEASURED_AT_PX)
    except OSError:
        return None
