"""The panel at the left of Measure: which assay, on what, with which parameters."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from superlens.assay.catalogue import ASSAYS
from superlens.core.assay import AssaySpec
from superlens.core.cards import ModelCard
from superlens.gui.forms import ParameterForm
from superlens.gui.measure.assay_row import AssayRow
from superlens.gui.measure.shares import ShareBar
from superlens.gui.widgets.buttons import button
from superlens.gui.widgets.choice import Choice
from superlens.gui.widgets.labels import ElidedLabel, label, wrapped
from superlens.gui.widgets.section import Section
from superlens.io.model_library import InstalledModel
from superlens.methods.catalogue import method_spec

PROJECT_IMAGES = "Images of this project"


@dataclass(frozen=True, slots=True)
class MeasureWish:
    """What the user filled in."""

    assay: AssaySpec
    plate_map: Path | None
    """None measures a folder, or without one the images of the project."""
    images: Path | None
    """Folder of the images; None is the folder of the plate map."""
    params: dict[str, str]
    card: ModelCard | None
    samples: int


class AssayPanel(QWidget):
    """The form of a measurement.

    Signals:
        plate_wanted(): the user wants to choose a plate map.
        folder_wanted(): the user wants to choose the folder of the plate's images.
        changed(): the form was edited.
    """

    plate_wanted = Signal()
    folder_wanted = Signal()
    changed = Signal()

    def __init__(self, models: tuple[InstalledModel, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models = models
        self._assay = ASSAYS[0]
        self._plate: Path | None = None
        self._images: Path | None = None
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(0)
        column.addWidget(self._assay_list())
        column.addWidget(self._source_section())
        column.addWidget(self._model_section())
        column.addWidget(self._parameter_section())
        column.addWidget(self._share_section())
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    @property
    def plate_map(self) -> Path | None:
        """The chosen plate map."""
        return self._plate

    def choose_plate(self, plate: Path | None) -> None:
        """Take a plate map; its folder is where its images are looked for."""
        self._plate = plate
        self._images = plate.parent if plate is not None else None
        self._show_source()
        self.changed.emit()

    def choose_images(self, folder: Path) -> None:
        """Take the folder of the images, with or without a plate map."""
        self._images = folder
        self._show_source()
        self.changed.emit()

    def show_shares(self, shares: dict[str, float]) -> None:
        """Show where the intervals of the shown result come from."""
        self._shares_section.setVisible(bool(shares))
        if shares:
            self._shares.show_shares(shares)

    def wish(self) -> MeasureWish | None:
        """Give what was filled in, or None with the reasons shown in the form."""
        if not self._form.is_valid():
            return None
        return MeasureWish(
            assay=self._assay,
            plate_map=self._plate,
            images=self._images,
            params=dict(self._form.values()),
            card=self._model.currentData(),
            samples=self._samples.currentData() or 0,
        )

    def _assay_list(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(8, 0, 8, 12)
        column.setSpacing(2)
        title = label("Assay", "block")
        title.setContentsMargins(8, 0, 8, 0)
        title.setFixedHeight(44)
        column.addWidget(title)
        self._rows = [AssayRow(spec) for spec in ASSAYS]
        for row in self._rows:
            row.clicked.connect(self._take_assay)
            column.addWidget(row)
        self._rows[0].setChecked(True)
        return holder

    def _source_section(self) -> Section:
        section = Section("What is measured")
        self._source = ElidedLabel(PROJECT_IMAGES, "strong")
        self._source_detail = ElidedLabel("", "caption")
        section.body.addWidget(self._source)
        section.body.addWidget(self._source_detail)
        choose = button("Choose plate map…", icon_name="table")
        choose.clicked.connect(self.plate_wanted)
        section.body.addWidget(choose)
        row = QHBoxLayout()
        row.setSpacing(0)
        self._folder = button("Choose folder…", "small")
        self._folder.clicked.connect(self.folder_wanted)
        self._no_plate = button("Use the project", "small")
        self._no_plate.clicked.connect(self._drop_plate)
        row.addWidget(self._folder)
        row.addWidget(self._no_plate)
        row.addStretch(1)
        section.body.addLayout(row)
        self._show_source()
        return section

    def _model_section(self) -> Section:
        section = Section("Super-resolve first")
        self._model = Choice()
        self._model.setAccessibleName("Model")
        self._model.addItem("No, raw images", None)
        for model in self._models:
            self._model.addItem(model.card.title, model.card)
        self._model.currentIndexChanged.connect(self._offer_samples)
        section.body.addWidget(self._model)
        self._samples_label = label("Samples per image", "label")
        self._samples = Choice()
        self._samples.setAccessibleName("Samples per image")
        section.body.addWidget(self._samples_label)
        section.body.addWidget(self._samples)
        self._offer_samples()
        return section

    def _parameter_section(self) -> Section:
        section = Section("Parameters")
        reset = button("Reset", "small")
        section.head.addWidget(reset)
        self._form = ParameterForm(self._assay.params)
        self._form.changed.connect(self.changed)
        reset.clicked.connect(self._reset)
        section.body.addWidget(self._form)
        self._meaning = wrapped(_source_words(self._assay), "caption")
        section.body.addWidget(self._meaning)
        self._parameters = section
        return section

    def _share_section(self) -> Section:
        self._shares_section = Section("Where the interval comes from")
        self._shares = ShareBar()
        self._shares_section.body.addWidget(self._shares)
        self._shares_section.hide()
        return self._shares_section

    def _reset(self) -> None:
        self._form.reset()

    def _drop_plate(self) -> None:
        self.choose_plate(None)

    def _show_source(self) -> None:
        if self._plate is not None:
            title, detail = self._plate.name, f"Images in {self._images}"
        elif self._images is not None:
            title, detail = self._images.name, "Wells and channels from the file names"
        else:
            title, detail = PROJECT_IMAGES, "One field per image, no wells"
        self._source.setText(title)
        self._source_detail.setText(detail)
        self._no_plate.setVisible(self._images is not None)

    def _take_assay(self) -> None:
        chosen = next(row.spec for row in self._rows if row is self.sender())
        for row in self._rows:
            row.setChecked(row.spec is chosen)
        if chosen is not self._assay:
            self._assay = chosen
            self._form.deleteLater()
            self._form = ParameterForm(chosen.params)
            self._form.changed.connect(self.changed)
            self._parameters.body.insertWidget(0, self._form)
            self._meaning.setText(_source_words(chosen))
        self.changed.emit()

    def _offer_samples(self) -> None:
        card: ModelCard | None = self._model.currentData()
        sampling = method_spec(card.method).sampling if card is not None else None
        self._samples.clear()
        self._samples.addItem("Single answer", 0)
        if sampling is not None:
            self._samples.addItem(f"{sampling.default} samples", sampling.default)
        for widget in (self._samples, self._samples_label):
            widget.setVisible(sampling is not None)
        self.changed.emit()


def _source_words(assay: AssaySpec) -> str:
    return (
        f"{assay.headline.title}: {assay.headline.meaning[0].lower()}{assay.headline.meaning[1:]}."
    )
