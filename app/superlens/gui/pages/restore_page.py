"""Stage Super-resolve: choose a model, how many samples, and the few parameters of its method."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from superlens.core.cards import ModelCard
from superlens.core.errors import InvalidParameter, SuperlensError
from superlens.core.jobs import KeepSamples
from superlens.core.method import MethodSpec
from superlens.core.parameters import describe
from superlens.core.records import ImageRecord
from superlens.gui.forms import NumberField, ParameterForm
from superlens.gui.pages.limits_box import LimitsBox
from superlens.gui.pages.model_card import ModelCardView
from superlens.gui.pages.page import StageButtons
from superlens.gui.pages.source_choice import SourceChoice
from superlens.gui.pages.spread_choice import SpreadChoice
from superlens.gui.widgets.labels import ElidedLabel, label, surface, wrapped
from superlens.gui.widgets.section import Section
from superlens.gui.words import claim_words, image_name, scene_title
from superlens.io.model_library import InstalledModel
from superlens.io.model_parts import model_parts
from superlens.methods.catalogue import method_spec

_FORM_WIDTH = 340
_BUTTON_LETTERS = 28
"""Of the names of file and scene together."""


@dataclass(frozen=True, slots=True)
class RestoreWish:
    """What the user filled in."""

    card: ModelCard
    params: dict[str, str]
    samples: int | None
    keep_samples: KeepSamples
    channel: int | None
    seed: int


class RestorePage(QWidget):
    """Model cards at the left, the form at the right.

    Signals:
        changed(): what the primary button says may be another.
        model_chosen(str): id of the model that the user chose.
        scene_chosen(int): number of the scene that the user chose, counted from 0.
    """

    changed = Signal()
    model_chosen = Signal(str)
    scene_chosen = Signal(int)

    def __init__(
        self, models: tuple[InstalledModel, ...], preferred: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._image: ImageRecord | None = None
        self._scene = 0
        self._card: ModelCard | None = None
        self._form: ParameterForm | None = None
        self._folders = {model.card.id: Path(model.folder) for model in models}
        self._cards = [ModelCardView(model.card) for model in models]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._model_column(), 1)
        row.addWidget(self._form_column())
        chosen = next((m.card for m in models if m.card.id == preferred), None)
        if chosen is None and models:
            chosen = models[0].card
        self._choose(chosen)

    def show_image(self, image: ImageRecord | None, scene: int = 0) -> None:
        """Say for which scene of which image the form is."""
        self._image, self._scene = image, scene
        self._title.setText(
            f"Super-resolve {', '.join(self._names(image))}" if image else "Super-resolve"
        )
        for view in self._cards:
            view.show_scene(image.info.scenes[scene] if image else None)
        self.source.show_image(image, scene)
        self.changed.emit()

    def choose(self, model_id: str) -> None:
        """Choose an installed model, as a click on its card does."""
        card = next(view.card for view in self._cards if view.card.id == model_id)
        self._choose(card)
        self.model_chosen.emit(model_id)

    def buttons(self) -> StageButtons:
        """Give the primary button of this stage."""
        if self._card is None:
            return StageButtons("Super-resolve", is_enabled=False, reason="No model is installed")
        if self._image is None:
            return StageButtons("Super-resolve", is_enabled=False, reason="Import an image first")
        names = self._names(self._image)
        shown = ", ".join(_short(name, _BUTTON_LETTERS // len(names)) for name in names)
        return StageButtons(f"Super-resolve {shown}")

    def wish(self) -> RestoreWish | None:
        """Give what was filled in, or None with the reasons shown in the form."""
        if self._card is None or self._form is None or not self._form.is_valid():
            return None
        return RestoreWish(
            card=self._card,
            params=dict(self._form.values()),
            samples=self.spread.samples,
            keep_samples=self.spread.kept,
            channel=self.source.channel,
            seed=self._seed_value(),
        )

    def _model_column(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        self._title = ElidedLabel("Super-resolve", "heading")
        column.addWidget(self._title)
        column.addWidget(label("Choose a model. Its card says what it learnt from.", "body"))
        column.addSpacing(4)
        for view in self._cards:
            view.chosen.connect(self.choose)
            column.addWidget(view)
        if not self._cards:
            column.addWidget(wrapped("No model is installed, so nothing can be run.", "body"))
        self._limits = LimitsBox()
        column.addWidget(self._limits)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        return area

    def _form_column(self) -> QWidget:
        panel = QWidget()
        panel.setFixedWidth(_FORM_WIDTH)
        outer = QHBoxLayout(panel)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        line = surface("rule")
        line.setFixedWidth(1)
        outer.addWidget(line)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(0)
        column.addWidget(self._answer_section())
        self.spread = SpreadChoice()
        column.addWidget(self.spread)
        self._method = Section("Method")
        column.addWidget(self._method)
        column.addWidget(self._advanced_section())
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        outer.addWidget(area, 1)
        return panel

    def _answer_section(self) -> Section:
        section = Section("What you get", ruled=False)
        self._result_words = wrapped("", "strong")
        section.body.addWidget(self._result_words)
        self._claim = wrapped("", "body")
        section.body.addWidget(self._claim)
        self.source = SourceChoice()
        self.source.scene_chosen.connect(self.scene_chosen)
        section.body.addWidget(self.source)
        return section

    def _advanced_section(self) -> Section:
        section = Section("Repeatability")
        section.body.addWidget(label("Seed", "label"))
        self._seed = NumberField()
        self._seed.setText("0")
        self._seed.setAccessibleName("Seed")
        section.body.addWidget(self._seed)
        section.body.addWidget(
            wrapped("The same seed on the same device gives the same picture.", "caption")
        )
        section.set_open(False)
        return section

    def _choose(self, card: ModelCard | None) -> None:
        self._card = card
        for view in self._cards:
            view.show_selected(view.card is card)
        self._limits.show_limits(() if card is None else card.limits)
        if card is None:
            return
        self._claim.setText(claim_words(card.claim).sentence)
        self._result_words.setText(
            f"{claim_words(card.claim).short}, {card.scale}× the pixels per side"
        )
        try:
            spec = method_spec(card.method)
        except InvalidParameter:
            return
        self.spread.offer(card, spec.sampling)
        self._show_form(spec, card)
        self.changed.emit()

    def _show_form(self, spec: MethodSpec, card: ModelCard) -> None:
        if self._form is not None:
            self._form.deleteLater()
        without = _meaningless(spec, card, self._folders[card.id])
        self._form = ParameterForm(spec.restore_params, without=without)
        self._method.body.addWidget(self._form)
        self._method.setVisible(not self._form.is_empty)
        self._method.set_title(spec.title)

    def _names(self, image: ImageRecord) -> tuple[str, ...]:
        """Give the name of the file, and of the scene where there are several."""
        names = (image_name(image), scene_title(image, self._scene))
        return tuple(name for name in names if name)

    def _seed_value(self) -> int:
        text = self._seed.text().strip()
        return int(text) if text.isdigit() else 0


def _meaningless(spec: MethodSpec, card: ModelCard, folder: Path) -> frozenset[str]:
    """Give the parameters that need a part which this model does not have."""
    needing = {info.name: info.needs_part for info in describe(spec.restore_params)}
    if not any(needing.values()):
        return frozenset()
    try:
        parts = model_parts(folder, card)
    except SuperlensError:
        # The engine will say what is wrong with the model when it is used.
        parts = frozenset[str]()
    return frozenset(name for name, part in needing.items() if part and part not in parts)


def _short(name: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 9]}…{name[-8:]}"
