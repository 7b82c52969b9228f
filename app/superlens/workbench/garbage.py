"""Python's collector of cycles, kept in the thread of Qt.

QtCore only. A Qt object must die in the thread it lives in, but Python collects in whatever thread
asks for memory at the wrong moment: a timer deleted by the reader of an engine crashes the window.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 500


class CycleCollection(QObject):
    """Collects cycles in this thread, and nowhere else, until `close()`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the generations that have grown beyond their thresholds, as Python would."""
        for generation, threshold in enumerate(gc.get_threshold()):
            if threshold and gc.get_count()[generation] > threshold:
                gc.collect(generation)

    def close(self) -> None:
        """Collect everything here and now, then leave it to Python again."""
        self._timer.stop()
        gc.collect()
        if self._was_enabled:
            gc.enable()
