"""What the dialogs show in the pictures of `docs/screenshots.py`: real files made for them.

`camera` is the `Walk` of that file.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

IMPORT_S = 60
_ROWS, _COLUMNS, _SIDE = "BCD", (2, 3), 256


def take_import(camera: Any, samples: Path) -> None:
    """Drop a folder with a plate of which one file is broken, look at it, and cancel."""
    folder = camera.scratch / "Screen 4"
    shutil.copytree(samples / "translocation-plate", folder)
    (folder / "plate_map.csv").unlink()
    (folder / "B08_protein.ome.tif").write_bytes(b"II*\x00\x08\x00\x00\x00")
    (folder / "B07_dna.ome.tif").write_bytes((folder / "A01_dna.ome.tif").read_bytes())
    dialog = _opened(camera, folder)
    camera.take_dialog(dialog, "import")
    dialog.tabs.choose(1)
    camera.take_dialog(dialog, "import-plate")
    dialog.reject()


def take_scenes_and_axes(camera: Any, samples: Path) -> None:
    """Show a plate in one file with two scenes left out, and a movie whose axes are named."""
    from PySide6.QtCore import Qt

    folder = camera.scratch / "Screen 5"
    folder.mkdir()
    _write_plate(folder / "Screen 5.ome.tif", samples)
    _write_movie(folder / "drift.tif", samples)
    dialog = _opened(camera, folder)
    model, name = dialog.model, "Screen 5.ome.tif"
    place = [row.path.name for row in model.rows].index(name)
    file = model.index(place, 0)
    for scene in (2, 5):
        check = Qt.ItemDataRole.CheckStateRole
        model.setData(model.index(scene, 0, file), Qt.CheckState.Unchecked, check)
    dialog.tree.expand(file)
    dialog.tree.setCurrentIndex(model.index(1, 0, file))
    camera.take_dialog(dialog, "import-scenes")
    dialog.tree.setCurrentIndex(model.index(1 - place, 0))
    (box,) = dialog.image.axes.boxes
    box.setCurrentIndex(box.findData("T"))
    box.activated.emit(box.currentIndex())
    camera.take_dialog(dialog, "import-axes")
    dialog.reject()


def take_watch(camera: Any) -> None:
    """Show which folder is watched."""
    from superlens.gui.project.watch_dialog import WatchDialog

    camera.window.workspace.project_intents.open_watch()
    watch = camera.window.findChild(WatchDialog)
    assert watch is not None
    watch.folder.setText("/data/microscope/today")
    camera.take_dialog(watch, "watch")
    watch.reject()


def take_labels(camera: Any, project: Any) -> None:
    """Show what is said of an image, with names and blinded."""
    from superlens.gui.project.labels_dialog import LabelsDialog

    image = project.images()[0]
    for name in ("labels", "labels-blinded"):
        camera.window.workspace.project_intents.edit_labels([image.id])
        dialog = camera.window.findChildren(LabelsDialog)[-1]
        dialog.tags.setText("day 2, washed")
        dialog.well.setText("B03")
        dialog.note.setPlainText("Focus drifts in the lower left corner.")
        camera.take_dialog(dialog, name)
        dialog.reject()
        if name == "labels":
            project.names.blind(seed=1)
    camera.take("data-blinded", ((1440, 900),))
    project.names.unblind("Pictures for the manual are taken")


def take_trash(camera: Any, project: Any) -> None:
    """Put the newest result into the trash, show it there, and bring it back."""
    from superlens.gui.project.trash_dialog import TrashDialog

    project.remove_result(project.results()[-1].job_id)
    camera.window.workspace.project_intents.open_trash()
    dialog = camera.window.findChild(TrashDialog)
    assert dialog is not None
    camera.take_dialog(dialog, "trash")
    dialog.restore(project.trash.contents()[-1])
    dialog.accept()


def _opened(camera: Any, folder: Path) -> Any:
    from superlens.gui.import_dialog.import_dialog import ImportDialog
    from superlens.gui.import_dialog.rows import RowState

    camera.window.open_paths((folder,))
    dialog = camera.window.findChildren(ImportDialog)[-1]
    rows = dialog.model
    camera.until(IMPORT_S, lambda: len(rows.rows) > 0 and not rows.count(RowState.READING))
    camera.until(IMPORT_S, lambda: all(_has_picture(camera, row) for row in rows.wanted()))
    return dialog


def _has_picture(camera: Any, row: Any) -> bool:
    cache = camera.workbench.project.folder / "cache" / row.file.image.id
    return (cache / f"scene-{min(len(row.scenes), 8) - 1}.png").is_file()


def _write_plate(path: Path, samples: Path) -> None:
    wells = [f"{row}{column:02d}" for row in _ROWS for column in _COLUMNS]
    images = "".join(
        f'<Image ID="Image:{n}" Name="{well}"><Pixels ID="Pixels:{n}" DimensionOrder="XYCZT" '
        f'Type="uint16" SizeX="{_SIDE}" SizeY="{_SIDE}" SizeZ="1" SizeC="1" SizeT="1" '
        'PhysicalSizeX="0.1" PhysicalSizeY="0.1"><Channel ID="Channel:{n}:0" Name="DAPI" '
        f'SamplesPerPixel="1"/><TiffData IFD="{n}" PlaneCount="1"/></Pixels></Image>'
        for n, well in enumerate(wells)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/'
    xml = f'{head}Schemas/OME/2016-06">{images}</OME>'
    plane = _plane(samples / "nuclei.ome.tif")
    planes = np.stack([np.roll(plane, 37 * n, axis=n % 2) for n in range(len(wells))])
    tifffile.imwrite(path, planes, description=xml, metadata=None, photometric="minisblack")


def _write_movie(path: Path, samples: Path) -> None:
    plane = _plane(samples / "puncta.ome.tif")
    frames = np.stack([np.roll(plane, 3 * n, axis=1) for n in range(12)])
    tifffile.imwrite(path, frames, metadata=None, photometric="minisblack")


def _plane(path: Path) -> Any:
    plane = np.atleast_3d(tifffile.imread(path))
    plane = plane.reshape(-1, *plane.shape[-2:])[0] if plane.shape[-1] != 1 else plane[..., 0]
    return np.ascontiguousarray(plane[:_SIDE, :_SIDE], np.uint16)
