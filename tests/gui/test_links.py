"""Linked views stay on the same place at the same magnification, whatever their widths."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from superlens.gui.viewer.geometry import placement_of
from superlens.gui.viewer.image_view import ImageView
from superlens.gui.viewer.levels import PlacedPlane, PlaneAddress, levels_of
from superlens.gui.viewer.links import LinkController

SIZES = ((286, 430), (391, 430), (303, 411))
PIXELS = (0.1, 0.05, 0.05)


@pytest.fixture
def views(qtbot: QtBot) -> list[ImageView]:
    made = []
    for (width, height), pixel in zip(SIZES, PIXELS, strict=True):
        view = ImageView()
        qtbot.addWidget(view)
        view.resize(width, height)
        view.show()
        side = round(25.6 / pixel)
        plane = levels_of(np.zeros((side, side), np.float32))
        view.show_plane(PlacedPlane(plane, placement_of(pixel), PlaneAddress("x.tif")))
        made.append(view)
    return made


def _centres(views: list[ImageView]) -> list[QPointF]:
    return [view.box.viewRect().center() for view in views]


def _assert_together(views: list[ImageView]) -> None:
    per_px = [view.world_per_px for view in views]
    first = _centres(views)[0]
    for view, centre in zip(views, _centres(views), strict=True):
        away = max(abs(centre.x() - first.x()), abs(centre.y() - first.y()))
        assert away / view.world_per_px < 0.5
    assert max(per_px) / min(per_px) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_pan_of_any_view_moves_all(views: list[ImageView], moved: int) -> None:
    links = LinkController(views)
    links.fit()
    before = _centres(views)[0]

    views[moved].box.translateBy(x=3.21, y=-1.7)

    _assert_together(views)
    after = _centres(views)[0]
    assert after.x() - before.x() == pytest.approx(3.21, abs=1e-6)


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_zoom_of_any_view_zooms_all(views: list[ImageView], moved: int) -> None:
    links = LinkController(views)
    links.fit()
    before = views[0].world_per_px

    for _ in range(7):
        views[moved].box.scaleBy((0.83, 0.83), center=(4.0, 7.0))

    _assert_together(views)
    assert views[0].world_per_px == pytest.approx(before * 0.83**7, rel=1e-3)


def test_freed_views_do_not_follow(views: list[ImageView]) -> None:
    links = LinkController(views)
    links.fit()
    links.set_linked(False)
    before = _centres(views)[1]

    views[0].box.translateBy(x=5, y=0)

    assert _centres(views)[1] == before


def test_linking_again_takes_the_place_of_the_first(views: list[ImageView]) -> None:
    links = LinkController(views)
    links.fit()
    links.set_linked(False)
    views[0].box.translateBy(x=5, y=0)

    links.set_linked(True)

    _assert_together(views)


def test_fit_shows_the_whole_image_in_every_view(views: list[ImageView]) -> None:
    LinkController(views).fit()

    for view in views:
        assert view.box.viewRect().adjusted(-1e-6, -1e-6, 1e-6, 1e-6).contains(view.world_rect)


def test_fill_leaves_no_margin_in_any_view(views: list[ImageView]) -> None:
    LinkController(views).fill()

    for view in views:
        assert view.world_rect.adjusted(-1e-6, -1e-6, 1e-6, 1e-6).contains(view.box.viewRect())
