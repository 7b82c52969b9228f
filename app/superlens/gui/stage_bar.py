"""The stage bar: Data, Super-resolve, Check, Measure, Report, and the one primary button."""

from enum import IntEnum, StrEnum

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QWidget

from superlens.gui.pages.page import StageButtons
from superlens.gui.theme.current import tokens
from superlens.gui.theme.fonts import font
from superlens.gui.theme.icons import draw_icon, icon
from superlens.gui.theme.tokens import Size
from superlens.gui.widgets.buttons import arrow_button, button
from superlens.gui.widgets.labels import ElidedLabel


class Stage(IntEnum):
    """The five stages, in order."""

    DATA = 0
    RESTORE = 1
    CHECK = 2
    MEASURE = 3
    REPORT = 4


class StageState(StrEnum):
    """How far a stage is."""

    EMPTY = "empty"
    RUNNING = "running"
    DONE = "done"
    WARNING = "warning"


STAGE_TITLES = {
    Stage.DATA: "Data",
    Stage.RESTORE: "Super-resolve",
    Stage.CHECK: "Check",
    Stage.MEASURE: "Measure",
    Stage.REPORT: "Report",
}


class StageBar(QWidget):
    """Five stages at the left, project name and buttons at the right.

    Signals:
        stage_chosen(Stage): the user went to another stage.
        primary_clicked(), secondary_clicked(): the buttons at the right end.
    """

    stage_chosen = Signal(object)
    primary_clicked = Signal()
    secondary_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(48)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 12, 0)
        row.setSpacing(0)
        self._stages: dict[Stage, _StageButton] = {}
        for stage in Stage:
            if stage:
                row.addWidget(_Caret(self))
            made = _StageButton(stage, self)
            made.clicked.connect(self._tell)
            self._stages[stage] = made
            row.addWidget(made)
        row.addSpacing(24)
        self._project = ElidedLabel("", "label")
        self._project.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.secondary = button("")
        self.primary = arrow_button("")
        row.addWidget(self._project, 1)
        row.addSpacing(16)
        row.addWidget(self.secondary)
        row.addSpacing(8)
        row.addWidget(self.primary)
        self.primary.clicked.connect(self.primary_clicked)
        self.secondary.clicked.connect(self.secondary_clicked)
        self.show_stage(Stage.DATA)

    def show_stage(self, stage: Stage) -> None:
        """Mark the current stage without telling anybody."""
        for each, made in self._stages.items():
            made.setChecked(each is stage)

    def show_state(self, stage: Stage, state: StageState) -> None:
        """Show how far a stage is."""
        self._stages[stage].show_state(state)

    def state(self, stage: Stage) -> StageState:
        """Give how far a stage is shown to be."""
        return self._stages[stage].state

    def show_project(self, name: str) -> None:
        """Show the name of the project."""
        self._project.setText(name)

    def show_buttons(self, buttons: StageButtons) -> None:
        """Show what the buttons at the right end do."""
        self.primary.setText(f"{buttons.primary}\u2002" if buttons.moves_on else buttons.primary)
        self.primary.setIcon(icon("arrow-right", "on_fill") if buttons.moves_on else QIcon())
        self.primary.setEnabled(buttons.is_enabled)
        self.primary.setToolTip("" if buttons.is_enabled else buttons.reason)
        self.secondary.setText(buttons.secondary)
        self.secondary.setVisible(bool(buttons.secondary))

    def _tell(self) -> None:
        chosen = next(stage for stage, made in self._stages.items() if made is self.sender())
        self.show_stage(chosen)
        self.stage_chosen.emit(chosen)


class _StageButton(QAbstractButton):
    def __init__(self, stage: Stage, parent: QWidget) -> None:
        super().__init__(parent)
        self._stage, self.state = stage, StageState.EMPTY
        self.setText(STAGE_TITLES[stage])
        self.setCheckable(True)
        self.setFixedHeight(48)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFont(font(Size.BODY, 600))
        self.show_state(StageState.EMPTY)

    def show_state(self, state: StageState) -> None:
        self.state = state
        words = {StageState.EMPTY: "not done"}.get(state, state.value)
        self.setAccessibleName(f"Stage {self._stage + 1}, {self.text()}, {words}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(4 + 20 + 8 + self.fontMetrics().horizontalAdvance(self.text()) + 6, 48)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Left):
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Right)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_dot(painter, QRectF(4, 14, 20, 20))
        on = self.isChecked()
        painter.setFont(font(Size.BODY, 600 if on else 500))
        ink = colours.text if on or self.state is not StageState.EMPTY else colours.text2
        painter.setPen(QColor(ink))
        painter.drawText(
            self.rect().adjusted(32, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text()
        )
        if on:
            painter.fillRect(QRectF(0, 46, self.width(), 2), QColor(colours.accent))
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0, 8, -1, -8), 6, 6)

    def _paint_dot(self, painter: QPainter, dot: QRectF) -> None:
        colours = tokens()
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.fill))
            painter.drawEllipse(dot)
            self._number(painter, dot, colours.on_fill)
        elif self.state is StageState.EMPTY:
            painter.setPen(QPen(QColor(colours.control), 1.4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(dot.adjusted(0.7, 0.7, -0.7, -0.7))
            self._number(painter, dot, colours.text2)
        else:
            ground, ink, name = {
                StageState.DONE: (colours.ok_tint, colours.ok, "check"),
                StageState.WARNING: (colours.warn_tint, colours.warn, "warning"),
                StageState.RUNNING: (colours.tint, colours.accent, "spinner"),
            }[self.state]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(ground))
            painter.drawEllipse(dot)
            draw_icon(painter, dot.toRect().adjusted(4, 4, -4, -4), name, QColor(ink))

    def _number(self, painter: QPainter, dot: QRectF, colour: str) -> None:
        painter.setFont(font(Size.AXIS, 600))
        painter.setPen(QColor(colour))
        painter.drawText(dot, Qt.AlignmentFlag.AlignCenter, str(self._stage + 1))


class _Caret(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(40, 48)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), QRect(14, 18, 12, 12), "caret-right", QColor(tokens().text3))
