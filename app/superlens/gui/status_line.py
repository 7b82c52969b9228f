"""The status line: place and values under the cursor, pixel size, device, engine."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from superlens.core.messages import DeviceInfo, Ready
from superlens.gui.theme.current import tokens
from superlens.gui.theme.icons import draw_icon
from superlens.gui.widgets.dot import Dot
from superlens.gui.widgets.labels import label
from superlens.gui.words import bytes_text
from superlens.workbench.engine_link import EngineState

_ENGINE_WORDS = {
    EngineState.STOPPED: ("Engine off", "text3"),
    EngineState.STARTING: ("Engine starting", "warn"),
    EngineState.READY: ("Engine ready", "ok"),
    EngineState.DOWN: ("Engine down", "bad"),
}


class StatusLine(QWidget):
    """28 px at the foot of the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(28)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(16)
        self._place = label("", "label")
        self._pixel = label("", "label")
        self._values = label("", "label")
        self._device = label("", "label")
        self._engine = label("", "label")
        self._dot = Dot("text3", self)
        for widget in (self._place, self._pixel, self._values):
            row.addWidget(widget)
            widget.hide()
        row.addStretch(1)
        self._device_icon = _DeviceIcon(self)
        device = QHBoxLayout()
        device.setSpacing(6)
        device.addWidget(self._device_icon)
        device.addWidget(self._device)
        row.addLayout(device)
        engine = QHBoxLayout()
        engine.setSpacing(6)
        engine.addWidget(self._dot)
        engine.addWidget(self._engine)
        row.addLayout(engine)
        self.show_engine(EngineState.STOPPED)
        self.show_devices(None)

    def show_cursor(self, place: str, values: str) -> None:
        """Show where the cursor is and what lies under it."""
        _show(self._place, place)
        _show(self._values, values)

    def show_pixel_size(self, text: str) -> None:
        """Show the pixel size with its origin."""
        _show(self._pixel, f"Pixel size {text}" if text else "")

    def show_engine(self, state: EngineState, reason: str = "") -> None:
        """Show how the engine stands."""
        words, colour = _ENGINE_WORDS[state]
        self._engine.setText(words)
        self._engine.setToolTip(reason)
        self._dot.colour = colour
        self._dot.update()

    def show_devices(self, ready: Ready | None) -> None:
        """Show the device that computes, and why it is this one."""
        best = best_device(ready)
        self._device_icon.setVisible(best is not None)
        self._device.setText("" if best is None else device_text(best))
        self._device.setToolTip("" if best is None else best.reason)

    def show_used_device(self, device: str) -> None:
        """Show the device that the last job really used."""
        if device:
            self._device.setToolTip(f"Last job: {device}")

    @property
    def engine_words(self) -> str:
        """What the line says of the engine."""
        return self._engine.text()


def best_device(ready: Ready | None) -> DeviceInfo | None:
    """Give the device that `auto` means, or None before the engine is ready."""
    return None if ready is None else next((d for d in ready.devices if d.is_usable), None)


def device_text(device: DeviceInfo) -> str:
    """Give a device in a few words."""
    memory = f" · {bytes_text(device.memory_bytes)}" if device.memory_bytes else ""
    return f"{device.name}{memory}"


def _show(widget: QLabel, text: str) -> None:
    widget.setText(text)
    widget.setVisible(bool(text))


class _DeviceIcon(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(16, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), QRect(0, 0, 16, 16), "cpu", QColor(tokens().text2))
