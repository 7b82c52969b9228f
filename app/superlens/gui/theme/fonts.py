"""The font of the window: bundled Inter where it is there, else the system's."""

from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication

from superlens.gui.theme.tokens import Size
from superlens.io.locations import resources_dir

_FALLBACKS = ("Segoe UI", "SF Pro Text", ".AppleSystemUIFont", "Noto Sans", "Cantarell", "Ubuntu")


def install_font() -> QFont:
    """Load the bundled font if there is one and give the font of the application."""
    family = _bundled_family() or QGuiApplication.font().family()
    base = QFont()
    base.setFamilies([family, *_FALLBACKS])
    base.setPixelSize(Size.BODY)
    base.setFeature(QFont.Tag("tnum"), 1)
    base.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return base


def font(size_px: int, weight: int = 400) -> QFont:
    """Give the application's font in another size and weight.

    Args:
        size_px: one of `Size`.
        weight: 400 text, 500 controls, 600 titles and values.
    """
    copy = QFont(QGuiApplication.font())
    copy.setPixelSize(size_px)
    copy.setWeight(QFont.Weight(weight))
    return copy


def _bundled_family() -> str | None:
    families: list[str] = []
    for path in _font_files():
        number = QFontDatabase.addApplicationFont(str(path))
        if number >= 0:
            families += QFontDatabase.applicationFontFamilies(number)
    return families[0] if families else None


def _font_files() -> list[Path]:
    folder = resources_dir() / "fonts"
    return sorted([*folder.rglob("*.ttf"), *folder.rglob("*.otf")]) if folder.is_dir() else []
