"""How many samples show where the answer is unsure, and what their spread will say."""

from PySide6.QtWidgets import QWidget

from superlens.core.cards import ModelCard
from superlens.core.jobs import KeepSamples
from superlens.core.method import SampleKind, Sampling
from superlens.gui.widgets.choice import CheckBox, Choice
from superlens.gui.widgets.labels import label, wrapped
from superlens.gui.widgets.section import Section

_COUNTS = (4, 8, 16, 32)
_FEWEST_SAMPLES = 4
"""Of a posterior that the engine draws by itself, however long they take."""


class SpreadChoice(Section):
    """The number of samples, what their spread is, and whether they are kept.

    Hidden for methods that give one answer alone.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Uncertainty", parent)
        self._card: ModelCard | None = None
        self._sampling: Sampling | None = None
        self.body.addWidget(label("Samples", "label"))
        self.choice = Choice()
        self.choice.setAccessibleName("Samples")
        self.choice.currentIndexChanged.connect(self._show_words)
        self.body.addWidget(self.choice)
        self._title, self._words = wrapped("", "strong"), wrapped("", "body")
        self.body.addWidget(self._title)
        self.body.addWidget(self._words)
        self._keep = CheckBox("Keep every sample on disk")
        self.body.addWidget(self._keep)

    @property
    def samples(self) -> int | None:
        """How many are wanted; 0 for none, None leaves it to the engine."""
        return self.choice.currentData()

    @property
    def kept(self) -> KeepSamples:
        """Which of them stay on disk."""
        is_kept = self._keep.isChecked() and self.samples != 0
        return KeepSamples.ALL if is_kept else KeepSamples.NONE

    @property
    def words(self) -> str:
        """What is said of the spread."""
        return self._words.text()

    def offer(self, card: ModelCard, sampling: Sampling | None) -> None:
        """Offer what the method of a model can draw."""
        self._card, self._sampling = card, sampling
        self.setVisible(sampling is not None)
        self.choice.clear()
        self.choice.addItem("Automatic", None)
        if sampling is None:
            return
        is_posterior = sampling.kind is SampleKind.POSTERIOR
        self.choice.addItem(f"{'One sample' if is_posterior else 'Single answer'}, no spread", 0)
        noun = "samples" if is_posterior else "flips and rotations"
        for count in _COUNTS:
            if sampling.limit is None or count <= sampling.limit:
                self.choice.addItem(f"{count} {noun}", count)
        self._title.setText(sampling.label)
        self._show_words()

    def _show_words(self) -> None:
        self._keep.setEnabled(self.samples != 0)
        self._title.setVisible(self.samples != 0)
        if self._card is not None and self._sampling is not None:
            self._words.setText(_spread_words(self._sampling, self.samples, self._card))


def _spread_words(sampling: Sampling, chosen: int | None, card: ModelCard) -> str:
    """Say what the spread over so many samples is; None is what the engine decides."""
    if chosen is None:
        return f"{_automatic_words(sampling)} {sampling.meaning}"
    if chosen == 0 and sampling.kind is SampleKind.POSTERIOR:
        return "One picture of many possible ones, without a map of where they differ."
    if chosen == 0:
        return "The picture comes without a map of its uncertainty."
    calibrated = 0 if card.calibration is None else card.calibration.samples
    if chosen < calibrated:
        return (
            f"{sampling.meaning} It was calibrated with {calibrated} samples: with fewer, "
            "intervals hold the truth less often than they say."
        )
    return sampling.meaning


def _automatic_words(sampling: Sampling) -> str:
    if sampling.kind is SampleKind.POSTERIOR:
        return (
            f"{sampling.default} samples; fewer on a CPU where they would take longer than five "
            f"minutes, but at least {_FEWEST_SAMPLES}."
        )
    return (
        f"{sampling.default} samples; on a CPU a single answer when they would take longer than "
        "five minutes."
    )
