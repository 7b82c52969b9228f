"""What the user asks for, turned into calls of the workbench; dialogs are opened here."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from superlens.core.assay import WellInfo
from superlens.core.errors import InvalidInput, SuperlensError, describe_error
from superlens.core.jobs import FieldInput, JobRequest
from superlens.core.records import ImageRecord
from superlens.gui.measure.assay_panel import MeasureWish
from superlens.gui.pages.restore_page import RestoreWish
from superlens.gui.reading import Answer, BackgroundReader
from superlens.gui.words import scene_title
from superlens.workbench.project import Project
from superlens.workbench.requests import (
    MeasureOptions,
    RestoreOptions,
    field_of_scene,
    guess_channels,
    measure_request,
    plain_name,
    report_request,
    restore_request,
)
from superlens.workbench.run_intake import RunIntake
from superlens.workbench.workbench import Workbench

_IMAGE_FILTER = (
    "Microscope images (*.tif *.tiff *.ome.tif *.ome.tiff "
    "*.stk *.lsm *.svs *.nd2 *.lif *.lof *.xlef *.czi *.oib *.oif *.dv *.mrc *.ims *.ome "
    "*.png *.jpg *.jpeg);;All files (*)"
)

FEW_FILES = 8
"""So many dropped files at most are imported without being shown first."""


class Intents(QObject):
    """Import, run, measure, report: what buttons, menus and drops do.

    Signals:
        failed(ErrorInfo): something could not be done.
        job_submitted(str): id of a job that the user started.
        plate_chosen(Path): a plate map was chosen.
        plate_folder_chosen(Path): another folder with the images of the plate was chosen.
    """

    failed = Signal(object)
    job_submitted = Signal(str)
    plate_chosen = Signal(object)
    plate_folder_chosen = Signal(object)

    def __init__(self, workbench: Workbench, window: QWidget) -> None:
        super().__init__(window)
        self._workbench, self._window = workbench, window
        self._reader = BackgroundReader(self)
        self._reader.answered.connect(self._take_plate)
        self._measuring: MeasureWish | None = None
        self._runs: RunIntake | None = None

    def shutdown(self) -> None:
        """Stop reading."""
        self._reader.shutdown()

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Import files and folders into the open project, or into a new untitled one."""
        if not paths:
            return
        try:
            self._workbench.ensure_project().add_files(list(paths))
        except SuperlensError as error:
            self.failed.emit(describe_error(error))

    def take_paths(self, paths: Sequence[Path]) -> None:
        """Import a few files at once, and show folders and many files before they are imported."""
        if len(paths) > FEW_FILES or any(path.is_dir() for path in paths):
            self.review_import(paths)
        else:
            self.import_paths(paths)

    def review_import(self, paths: Sequence[Path]) -> None:
        """Show files and folders in the import dialog."""
        from superlens.gui.import_dialog.import_dialog import ImportDialog
        from superlens.workbench.import_survey import ImportSurvey

        try:
            project = self._workbench.ensure_project()
        except SuperlensError as error:
            self.failed.emit(describe_error(error))
            return
        if project.read_only_reason:
            project.add_files(list(paths))
            return
        survey = ImportSurvey(project, self._workbench.jobs)
        dialog = ImportDialog(survey, paths, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def open_runs(self, folders: Sequence[Path]) -> None:
        """Attach finished run folders, such as the command line's, to the open project."""
        try:
            project = self._workbench.ensure_project()
            if self._runs is None or self._runs.project is not project:
                self._runs = RunIntake(project)
            for folder in folders:
                self._runs.add(folder)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))

    def choose_files(self) -> None:
        """Ask for files; one is imported at once, several are shown first."""
        names, _ = QFileDialog.getOpenFileNames(
            self._window, "Import files", self._import_folder(), _IMAGE_FILTER
        )
        self._remember_import(names)
        paths = [Path(name) for name in names]
        (self.review_import if len(paths) > 1 else self.import_paths)(paths)

    def choose_folder(self) -> None:
        """Ask for a folder and show the images in it."""
        name = QFileDialog.getExistingDirectory(
            self._window, "Import folder", self._import_folder()
        )
        if name:
            self._remember_import([name])
            self.review_import([Path(name)])

    def new_project(self) -> None:
        """Ask for an empty folder and make a project in it."""
        name = QFileDialog.getExistingDirectory(
            self._window, "New project: choose or make an empty folder"
        )
        if name:
            self._open(self._workbench.new_project, Path(name))

    def choose_project(self) -> None:
        """Ask for a project folder and open it."""
        name = QFileDialog.getExistingDirectory(self._window, "Open project")
        if name:
            self.open_project(Path(name))

    def open_project(self, folder: Path) -> None:
        """Open a project."""
        self._open(self._workbench.open_project, folder)

    def choose_plate(self) -> None:
        """Ask for a plate map."""
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            "Choose plate map",
            self._import_folder(),
            "Plate map (*.csv);;All files (*)",
        )
        if name:
            self._remember_import([name])
            self.plate_chosen.emit(Path(name))

    def choose_plate_folder(self) -> None:
        """Ask for the folder of a plate's images."""
        name = QFileDialog.getExistingDirectory(
            self._window, "Folder with the images to measure", self._import_folder()
        )
        if name:
            self.plate_folder_chosen.emit(Path(name))

    def restore(self, image: ImageRecord, wish: RestoreWish, scene: int) -> None:
        """Start a super-resolution of one scene of an image."""
        project = self._workbench.project
        if project is None:
            return
        shown = project.names.shown(image)
        try:
            request = restore_request(
                project.input_of(image.id, scene, wish.channel),
                wish.card,
                project.new_run_folder(project.names.run_stem(image, wish.card)),
                RestoreOptions(
                    params=dict(wish.params),
                    samples=wish.samples,
                    keep_samples=wish.keep_samples,
                    seed=wish.seed,
                ),
            )
        except SuperlensError as error:
            self.failed.emit(describe_error(error))
            return
        named = (project.names.of_image(image), scene_title(shown, scene))
        title = f"Super-resolve {', '.join(part for part in named if part)}"
        self._submit(request, title, (image.id,))

    def measure(self, wish: MeasureWish) -> None:
        """Start a measurement, of a plate or of the images of the project."""
        self._measuring = wish
        if wish.plate_map is not None or wish.images is not None:
            self._reader.ask("plate", partial(_read_plate, wish))
            return
        project = self._workbench.project
        try:
            fields = _project_fields(project, wish) if project is not None else ()
        except SuperlensError as error:
            self.failed.emit(describe_error(error))
            return
        wells = _project_wells(project) if project is not None else ()
        self._submit_measure(wish, fields, MeasureOptions(plate=wells))

    def report(self, runs: Sequence[Path], title: str) -> None:
        """Ask where to save a report and start writing it."""
        project = self._workbench.project
        if project is None or not runs:
            return
        folder = self._workbench.state.values.export_folder or str(project.folder)
        suggested = str(Path(folder) / f"{plain_name(Path(title or project.name))} report.pdf")
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Create report", suggested, "PDF and HTML report (*.pdf *.html)"
        )
        if name:
            self.write_report(runs, Path(name), title)

    def write_report(self, runs: Sequence[Path], out: Path, title: str) -> None:
        """Start writing a report to a file."""
        target = (
            out if out.suffix.lower() in (".pdf", ".html") else out.with_name(f"{out.name}.pdf")
        )
        try:
            project = self._workbench.project
            mask = None if project is None else project.names.mask()
            request = report_request(runs, target, title, mask)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))
            return
        self._workbench.state.change(export_folder=str(target.parent))
        self._submit(request, f"Write report {target.name}")

    def _open(self, how: Callable[[Path], Project], folder: Path) -> None:
        try:
            how(folder)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))

    def _take_plate(self, answer: Answer) -> None:
        wish = self._measuring
        if answer.error is not None:
            self.failed.emit(answer.error)
        elif wish is not None:
            plate = answer.value
            self._submit_measure(wish, plate.fields, MeasureOptions(plate=plate.wells))

    def _submit_measure(
        self, wish: MeasureWish, fields: Sequence[FieldInput], options: MeasureOptions
    ) -> None:
        try:
            project = self._workbench.ensure_project()
            request = measure_request(
                wish.assay,
                fields,
                project.new_run_folder(wish.assay.id),
                MeasureOptions(
                    params=dict(wish.params),
                    plate=options.plate,
                    model=wish.card,
                    samples=wish.samples,
                ),
            )
        except SuperlensError as error:
            self.failed.emit(describe_error(error))
            return
        source = wish.images or wish.plate_map
        name = source.name if source is not None else project.name
        title = f"Measure {wish.assay.title.lower()}, {name}"
        self._submit(request, title)

    def _submit(self, request: JobRequest, title: str, image_ids: tuple[str, ...] = ()) -> None:
        try:
            job_id = self._workbench.jobs.submit(request, title, image_ids)
        except SuperlensError as error:
            self.failed.emit(describe_error(error))
        else:
            self.job_submitted.emit(job_id)

    def _import_folder(self) -> str:
        return self._workbench.state.values.import_folder

    def _remember_import(self, names: Sequence[str]) -> None:
        if names:
            first = Path(names[0])
            folder = first if first.is_dir() else first.parent
            self._workbench.state.change(import_folder=str(folder))


def _read_plate(wish: MeasureWish) -> object:
    from superlens.io.plate_map import fields_from_folder, read_plate_map

    roles = wish.assay.channels_required
    if wish.plate_map is not None:
        return read_plate_map(wish.plate_map, wish.images or wish.plate_map.parent, roles)
    if wish.images is not None:
        return fields_from_folder(wish.images, roles)
    raise InvalidInput("There is nothing to measure", "Choose a plate map or a folder")


def _project_fields(project: Project, wish: MeasureWish) -> tuple[FieldInput, ...]:
    roles = wish.assay.channels_required
    fields = []
    for image in project.images():
        for number in image.chosen_scenes:
            scene = image.info.scenes[number]
            channels = guess_channels(scene, roles)
            if len(channels) < len(roles) and scene.size("C") == len(roles):
                channels = {role.id: n for n, role in enumerate(roles)}
            if len(channels) == len(roles):
                name = plain_name(project.path_of(image))
                source = project.input_of(image.id, number)
                fields.append(field_of_scene(source, image.well_of(number) or "", name, channels))
    return tuple(fields)


def _project_wells(project: Project) -> tuple[WellInfo, ...]:
    """Give what was done to the wells, when all images with a plate lie on the same one."""
    plates = {image.plate for image in project.images() if image.plate}
    return project.plates.plate(plates.pop()).wells if len(plates) == 1 else ()
