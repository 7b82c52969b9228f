"""The menu row: menus made from the registry, and the field that opens the command palette."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QMenu, QMenuBar, QWidget

from superlens.gui.actions import ActionRegistry
from superlens.gui.command_palette import CommandPalette
from superlens.gui.pages.samples import samples
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon
from superlens.gui.theme.tokens import Size
from superlens.workbench.settings import State

MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "File",
        (
            "file.new_project",
            "file.open_project",
            "menu.recent",
            "",
            "file.import",
            "file.import_folder",
            "menu.samples",
            "",
            "file.close_project",
            "file.quit",
        ),
    ),
    (
        "Project",
        (
            "project.labels",
            "project.find_missing",
            "",
            "project.blind",
            "project.watch",
            "",
            "project.trash",
        ),
    ),
    (
        "View",
        (
            "view.fit",
            "view.zoom_in",
            "view.zoom_out",
            "",
            "view.auto_contrast",
            "view.lock_contrast",
            "",
            "view.inspector",
            "view.dock",
            "view.log",
            "",
            "menu.theme",
            "view.full_screen",
        ),
    ),
    ("Process", ("process.restore", "process.stop_all")),
    ("Measure", ("measure.plate", "measure.run")),
    ("Report", ("report.create", "report.open")),
    (
        "Go",
        (
            "go.data",
            "go.restore",
            "go.check",
            "go.measure",
            "go.report",
            "",
            "go.next",
            "go.previous",
        ),
    ),
    ("Help", ("help.commands", "help.log_folder", "help.about")),
)


class MenuRow(QWidget):
    """Logo, menus, command field: 36 px."""

    def __init__(self, actions: ActionRegistry, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedHeight(36)
        self._actions = actions
        self._palette: CommandPalette | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        row.addWidget(_Logo(self))
        self.bar = QMenuBar(self)
        self.bar.setNativeMenuBar(False)
        self.menus = {title: self.bar.addMenu(title) for title, _ in MENUS}
        """The menus by title; empty until `fill_menus`."""
        row.addWidget(self.bar, 1)
        self.field = _CommandField(self)
        self.field.clicked.connect(self.open_palette)
        row.addWidget(self.field)

    @property
    def palette_dialog(self) -> CommandPalette:
        """The command palette, built when first asked for."""
        if self._palette is None:
            self._palette = CommandPalette(self._actions, self)
        return self._palette

    def open_palette(self) -> None:
        """Open the palette under its field."""
        corner = self.field.mapToGlobal(QPoint(self.field.width(), self.field.height() + 4))
        palette = self.palette_dialog
        palette.open_at(QPoint(corner.x() - palette.width(), corner.y()))


def fill_menus(
    row: MenuRow, actions: ActionRegistry, state: State, open_path: Callable[[Path], None]
) -> None:
    """Fill every menu of the row.

    Args:
        row: where the menus are.
        actions: what stands in them.
        state: knows the recent projects.
        open_path: opens a project or a sample.
    """
    for title, ids in MENUS:
        menu = row.menus[title]
        for command_id in ids:
            if command_id.startswith("menu."):
                menu.addMenu(_submenu(command_id, menu, (actions, state, open_path)))
            else:
                actions.fill(menu, (command_id,))


def _submenu(
    name: str, parent: QMenu, given: tuple[ActionRegistry, State, Callable[[Path], None]]
) -> QMenu:
    actions, state, open_path = given
    match name:
        case "menu.theme":
            menu = QMenu("Theme", parent)
            actions.fill(menu, ("view.theme_system", "view.theme_light", "view.theme_dark"))
        case "menu.recent":
            menu = QMenu("Recent projects", parent)
            menu.aboutToShow.connect(partial(_list_recent, menu, state, open_path))
        case _:
            menu = QMenu("Open sample", parent)
            for sample in samples():
                menu.addAction(sample.title).triggered.connect(
                    partial(_open, open_path, sample.path)
                )
            menu.setEnabled(bool(samples()))
    return menu


def _list_recent(menu: QMenu, state: State, open_path: Callable[[Path], None]) -> None:
    menu.clear()
    for folder in state.values.recent_projects:
        path = Path(folder)
        action = menu.addAction(path.name)
        action.setToolTip(folder)
        action.setEnabled(path.is_dir())
        action.triggered.connect(partial(_open, open_path, path))
    if menu.isEmpty():
        menu.addAction("No project yet").setEnabled(False)


def _open(open_path: Callable[[Path], None], path: Path, _: bool = False) -> None:
    open_path(path)


class _Logo(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(20, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = QColor(tokens().accent)
        painter.setPen(QPen(accent, 1.6))
        painter.drawEllipse(QRectF(2, 2, 16, 16))
        painter.drawEllipse(QRectF(5.6, 5.6, 8.8, 8.8))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawEllipse(QRectF(8.4, 8.4, 3.2, 3.2))


class _CommandField(QAbstractButton):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Search commands, Ctrl+Shift+P")
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(240, 28)

    def sizeHint(self) -> QSize:
        return QSize(240, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self.hasFocus()
        painter.setPen(QPen(QColor(colours.accent if ring else colours.control), 2 if ring else 1))
        painter.setBrush(QColor(colours.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        draw_icon(painter, QRect(10, 7, 14, 14), "magnifying-glass", QColor(colours.text3))
        painter.setPen(QColor(colours.text3))
        painter.setFont(font(Size.BODY))
        side = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect().adjusted(32, 0, 0, 0), side, "Search commands")
        painter.setFont(font(Size.AXIS))
        painter.drawText(
            self.rect().adjusted(0, 0, -10, 0), side | Qt.AlignmentFlag.AlignRight, "Ctrl+Shift+P"
        )
