"""The files that a Leica XLEF refers to: whether they are there, and inside its own folder.

liffile follows every name that it finds, so that each is looked at before.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from superlens.core.errors import UnreadableFile
from superlens.io.images.tiff_guards import require_credible_size

_DEEPEST = 8
"""Of collections inside collections; more is a circle."""
_METADATA_FOLDER = "metadata"


def require_references(file: Any, path: Path) -> int:
    """Make sure that all files of a set are there and inside its folder.

    Args:
        file: an open `LifFile` of XML; its children are opened here, after a look at their names.
        path: where it lies.

    Returns:
        How many bytes they have together.

    Raises:
        UnreadableFile: one is missing or lies elsewhere; the message names it.
    """
    # Leica puts the texts of images into a folder of that name beside the images.
    beside_metadata = path.parent.name.lower() == _METADATA_FOLDER and not _references(file)
    root = path.parent.parent if beside_metadata else path.parent
    return sum(_visited(file, root.resolve(), _DEEPEST).values())


def _visited(file: Any, root: Path, deepest: int) -> dict[Path, int]:
    """Give the length of each file below one; open those that are texts themselves."""
    try:
        found = _own_files(file, root)
        if deepest == 0:
            raise UnreadableFile(
                f"{file.filename} is damaged: its collections hold each other",
                "Export it as OME-TIFF with the program that made it",
            )
        children: Any = file.children
    except BaseException:
        # Otherwise closing it would open what was just refused.
        file.__dict__.setdefault("children", ())
        raise
    for child in children:
        found.update(_visited(child, root, deepest - 1))
    return found


def _own_files(file: Any, root: Path) -> dict[Path, int]:
    folder = Path(file.dirname)
    texts = [_inside(file.filename, root, folder, name) for name in _references(file)]
    frames = [
        _inside(file.filename, root, folder, frame.file)
        for block in file.memory_blocks.values()
        for frame in block.frames
    ]
    for place in frames:
        if place.suffix.lower() in (".tif", ".tiff"):
            _require_credible_tiff(place)
    return {place: place.stat().st_size for place in (*texts, *frames)}


def _references(file: Any) -> list[str]:
    listed = file.xml_element.findall("./Element/Children/Reference")
    return [item.get("File") for item in listed if item.get("File")]


def _inside(name: str, root: Path, folder: Path, reference: str) -> Path:
    relative = unquote(reference).replace("\\", "/")
    # A name with a drive or of another computer is not even looked at.
    is_local = not relative.startswith("/") and ":" not in relative
    place = (folder / relative).resolve() if is_local else folder
    if not is_local or not place.is_relative_to(root):
        raise UnreadableFile(
            f"{name} refers to a file outside its own folder ({reference!r}), which is not read",
            "Put all files of the set into one folder, or export it as OME-TIFF",
        )
    if not place.is_file():
        # The names were written on Windows, where upper and lower case are the same.
        siblings = place.parent.iterdir() if place.parent.is_dir() else ()
        alike = [item for item in siblings if item.name.lower() == place.name.lower()]
        if not alike:
            raise UnreadableFile(
                f"{name} needs {relative!r} beside it, which is missing",
                "Copy the whole folder again from the microscope",
            )
        return alike[0]
    return place


def _require_credible_tiff(path: Path) -> None:
    import tifffile

    with tifffile.TiffFile(path, is_mmstack=False, is_ndtiff=False, is_ome=False) as tif:
        require_credible_size(path.name, tif.pages.first)
