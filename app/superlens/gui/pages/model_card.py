"""A model as a card that can be chosen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from superlens.core.cards import ModelCard
from superlens.core.method import Claim
from superlens.core.records import SceneInfo
from superlens.gui.viewer.geometry import length_text
from superlens.gui.widgets.chip import Chip, ChipState, ChipText
from superlens.gui.widgets.labels import label, set_tone, wrapped
from superlens.gui.words import calibration_words, claim_words


class ModelCardView(QFrame):
    """What a model does, was trained on and may claim; a click chooses it.

    Signals:
        chosen(str): id of the model.
    """

    chosen = Signal(str)

    def __init__(self, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = card
        self.setProperty("surface", "card")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"Model {card.title}, {card.scale} times")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label(card.title, "block"))
        head.addStretch(1)
        claim = claim_words(card.claim)
        head.addWidget(Chip(ChipText(ChipState.PLAIN, claim.short, claim.sentence, "info")))
        head.addWidget(
            Chip(ChipText(ChipState.INFO, f"{card.scale}×", _scale_words(card), "stack"))
        )
        column.addLayout(head)
        if card.description:
            column.addWidget(wrapped(card.description))
        column.addWidget(wrapped(_trained_words(card), "caption"))
        if card.claim is Claim.POSTERIOR or card.calibration is not None:
            column.addWidget(_calibration(card))
        self._fit = wrapped("", "caption")
        column.addWidget(self._fit)
        self.show_selected(False)

    def show_selected(self, is_selected: bool) -> None:
        """Mark the card as the chosen one."""
        self.setProperty("selected", "true" if is_selected else "false")
        self.setAccessibleDescription("chosen" if is_selected else "")
        self.style().unpolish(self)
        self.style().polish(self)

    def show_scene(self, scene: SceneInfo | None) -> None:
        """Say whether the model was trained on images of this pixel size."""
        text, tone = domain_words(self.card, scene)
        self._fit.setText(text)
        self._fit.setVisible(bool(text))
        set_tone(self._fit, tone)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.chosen.emit(self.card.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self.card.id)
        else:
            super().keyPressEvent(event)


def domain_words(card: ModelCard, scene: SceneInfo | None) -> tuple[str, str]:
    """Give a sentence on the pixel size of a scene against the training range, and its tone."""
    trained = card.trained_on.pixel_nm
    if scene is None or trained is None:
        return "", "caption"
    um = scene.pixel_sizes.lateral_um
    if um is None:
        return "The pixel size of this image is unknown: not compared with training.", "caption"
    size = f"{length_text(um)} per pixel"
    if trained[0] * 0.95 <= um * 1000 <= trained[1] * 1.05:
        return f"This image, {size}, lies in the trained range.", "ok"
    return f"This image, {size}, lies outside the trained range.", "warn"


def _calibration(card: ModelCard) -> QWidget:
    words = calibration_words(card)
    tone = "caption" if not words.held else "ok" if words.is_honest else "warn"
    line = wrapped(words.numbers if words.held else words.sentence, tone)
    line.setToolTip(words.sentence)
    return line


def _trained_words(card: ModelCard) -> str:
    trained = card.trained_on
    parts = []
    if trained.structures:
        parts.append("Trained on " + ", ".join(trained.structures).replace("_", " "))
    if trained.pixel_nm is not None:
        parts.append(f"{trained.pixel_nm[0]:g} – {trained.pixel_nm[1]:g} nm per pixel")
    return " · ".join(parts) or "Training range not stated"


def _scale_words(card: ModelCard) -> str:
    return f"The result has {card.scale} times more pixels along each side."
