"""Keeps the panes on the same place of the world at the same magnification.

Not pyqtgraph's `setXLink`: with a locked aspect, panes of unequal width drift apart.
"""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF

from superlens.gui.viewer.image_view import ImageView


class LinkController(QObject):
    """Makes views follow each other: same centre, same world units per pixel of the screen."""

    def __init__(self, views: Sequence[ImageView], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._views = tuple(views)
        self._is_linked, self._is_moving = True, False
        self._is_fitted, self._is_covering = True, False
        for view in self._views:
            view.box.sigRangeChanged.connect(self._follow)
            view.box.sigRangeChangedManually.connect(self._moved_by_hand)
            view.box.sigResized.connect(self._resized)
            view.fit_wanted.connect(self.fit)

    @property
    def is_linked(self) -> bool:
        """Whether the views follow each other."""
        return self._is_linked

    def set_linked(self, is_linked: bool) -> None:
        """Link or free the views; on linking all take the place of the first."""
        self._is_linked = is_linked
        if is_linked:
            self._follow(self._views[0].box)

    def fit(self) -> None:
        """Show the whole image in every view."""
        self._frame(cover=False)

    def fill(self) -> None:
        """Show the middle of the image so that it fills every view."""
        self._frame(cover=True)

    def go_to(self, centre: QPointF, world_per_px: float) -> None:
        """Put all views on a place of the world at a magnification."""
        self._is_moving = True
        try:
            for view in self._views:
                _place(view, centre, world_per_px)
        finally:
            self._is_moving = False

    def zoom(self, factor: float) -> None:
        """Magnify (above 1) or shrink all views around their centres."""
        view = self._visible()[0]
        self._is_fitted = False
        self.go_to(view.box.viewRect().center(), view.world_per_px / factor)

    def _frame(self, cover: bool) -> None:
        world = next((v.world_rect for v in self._views if v.world_rect is not None), None)
        if world is None:
            return
        self._is_fitted, self._is_covering = True, cover
        pick = min if cover else max
        scales = [
            pick(world.width() / view.box.width(), world.height() / view.box.height())
            for view in self._visible()
            if view.box.width() > 1 and view.box.height() > 1
        ]
        if scales:
            self.go_to(world.center(), pick(scales))

    def _visible(self) -> list[ImageView]:
        shown = [view for view in self._views if view.isVisibleTo(view.window())]
        return shown or list(self._views)

    def _follow(self, box: object, *_: object) -> None:
        if self._is_moving or not self._is_linked:
            return
        source = next(view for view in self._views if view.box is box)
        self.go_to(source.box.viewRect().center(), source.world_per_px)

    def _moved_by_hand(self, *_: object) -> None:
        self._is_fitted = False

    def _resized(self, *_: object) -> None:
        if self._is_fitted:
            self._frame(self._is_covering)


def _place(view: ImageView, centre: QPointF, world_per_px: float) -> None:
    size = QSizeF(view.box.width() * world_per_px, view.box.height() * world_per_px)
    corner = QPointF(centre.x() - size.width() / 2, centre.y() - size.height() / 2)
    rect = QRectF(corner, size)
    if size.width() > 0 and size.height() > 0:
        view.box.setRange(rect, padding=0, disableAutoRange=True)
