"""Inspector, tab Model: what the model of the shown result is and cannot do."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from superlens.core.cards import ModelCard
from superlens.core.method import Claim
from superlens.gui.viewer.comparison import RestoredRun
from superlens.gui.widgets.labels import wrapped
from superlens.gui.widgets.section import Pairs, Section
from superlens.gui.words import calibration_words, claim_words

_NAMES = ("Name", "Id", "Weights", "Scale", "Claim", "Trained on", "Pixel size", "Licence")
_RUN_NAMES = ("Device", "Time", "Seed", "Samples")


class ModelTab(QWidget):
    """The model card and the run in short."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._empty = wrapped("No result yet. The model that makes it will be shown here.", "body")
        self._empty.setContentsMargins(16, 16, 16, 16)
        column.addWidget(self._empty)
        self._card = Section("Model", ruled=False)
        self._pairs = Pairs(_NAMES)
        self._card.body.addWidget(self._pairs)
        self._run = Section("Run")
        self._run_pairs = Pairs(_RUN_NAMES)
        self._run.body.addWidget(self._run_pairs)
        self._calibration = Section("Calibration")
        self._calibration_text = wrapped("", "body")
        self._calibration.body.addWidget(self._calibration_text)
        self._limits = Section("What it cannot do")
        self._limit_text = wrapped("", "body")
        self._limits.body.addWidget(self._limit_text)
        for section in (self._card, self._run, self._calibration, self._limits):
            column.addWidget(section)
        column.addStretch(1)
        self.show_run(None, None)

    def show_run(self, run: RestoredRun | None, card: ModelCard | None) -> None:
        """Show the model of a result, or that there is none."""
        self._empty.setVisible(run is None)
        self._run.setVisible(run is not None)
        self._card.setVisible(card is not None)
        is_told = card is not None and (card.claim is Claim.POSTERIOR or bool(card.calibration))
        self._calibration.setVisible(is_told)
        self._limits.setVisible(card is not None and bool(card.limits))
        if run is not None:
            self._show_run_values(run)
        if card is not None:
            self._show_card(card)

    def _show_run_values(self, run: RestoredRun) -> None:
        notes = run.document.notes
        seconds = notes.get("seconds")
        samples = run.samples or "single answer"
        self._run_pairs.set_value("Device", run.document.device)
        timed = f"{seconds:.1f} s" if isinstance(seconds, int | float) else ""
        self._run_pairs.set_value("Time", timed)
        self._run_pairs.set_value("Seed", str(run.request.seed))
        self._run_pairs.set_value("Samples", str(samples))

    def _show_card(self, card: ModelCard) -> None:
        trained = card.trained_on
        pixel = f"{trained.pixel_nm[0]:g} – {trained.pixel_nm[1]:g} nm" if trained.pixel_nm else ""
        values = (
            card.title,
            card.id,
            card.sha256[:12],
            f"{card.scale}×",
            claim_words(card.claim).short,
            ", ".join(trained.structures),
            pixel,
            card.licence,
        )
        for name, value in zip(_NAMES, values, strict=True):
            self._pairs.set_value(name, value)
        self._calibration_text.setText(calibration_words(card).sentence)
        self._limit_text.setText("\n\n".join(card.limits))
