"""Finished runs from elsewhere, such as the command line's, becoming results of a project.

QtCore only. A restoration brings its raw image along, because it is shown beside it.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject

from superlens.core.errors import InvalidInput, MissingFile
from superlens.core.jobs import RestoreRequest
from superlens.core.records import ImageRecord, ResultRecord
from superlens.io.hashing import quick_identity
from superlens.io.runs import JOB_FILE, read_run, request_of
from superlens.workbench.project import Project


def is_run(folder: Path) -> bool:
    """Tell whether a folder holds a finished run."""
    return (folder / JOB_FILE).is_file()


@dataclass(frozen=True, slots=True)
class _Awaiting:
    """A restoration whose raw image is being imported."""

    image: Path
    result: ResultRecord


class RunIntake(QObject):
    """Attaches run folders to one project, wherever they lie; nothing is copied."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self.project = project
        self._awaiting: list[_Awaiting] = []
        project.image_added.connect(self._attach_to)
        project.import_failed.connect(self._forget)

    def add(self, folder: Path) -> None:
        """Attach a finished run; the raw image of a restoration is imported first.

        Raises:
            SuperlensError: the folder holds no finished run, the project has it already, or the raw
                image of a restoration is gone.
        """
        folder = folder.absolute()
        run = read_run(folder)
        result = replace(run.result, folder=str(folder))
        if any(known.job_id == result.job_id for known in self.project.results()):
            raise InvalidInput(
                f"{folder.name} is in the project already", "Nothing needs to be done"
            )
        request = request_of(run)
        if not isinstance(request, RestoreRequest):
            self.project.attach(result, ())
            return
        image = Path(request.input.path)
        if not image.is_file():
            raise MissingFile(
                f"The raw image of {folder.name} is not at {image}",
                "Bring it back there: a result is shown beside its raw image",
            )
        known_image = self._known(image)
        if known_image is not None:
            self.project.attach(result, (known_image,))
        else:
            self._awaiting.append(_Awaiting(image, result))
            self.project.add_files([image])

    def _known(self, path: Path) -> str | None:
        return self.project.image_with_content(quick_identity(path))

    def _attach_to(self, image: ImageRecord) -> None:
        path = self.project.path_of(image)
        for item in [item for item in self._awaiting if item.image == path]:
            self._awaiting.remove(item)
            self.project.attach(item.result, (image.id,))

    def _forget(self, path: str, _: object) -> None:
        self._awaiting = [item for item in self._awaiting if str(item.image) != path]
