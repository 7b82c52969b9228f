"""Which files below a folder are images. Qt-free; nothing is opened."""

import os
from collections.abc import Iterator
from pathlib import Path

from superlens.io.image_names import IMAGE_SUFFIXES
from superlens.io.images.recognition import is_zarr_folder
from superlens.io.images.set_parts import is_set_description, parts_of_sets
from superlens.io.runs import JOB_FILE


def image_files_in(folder: Path) -> Iterator[Path]:
    """Give the image files below a folder, sorted, and folders that are one image.

    Hidden folders, runs, and the parts of images that lie in several files are left out.
    """
    for root, folders, files in os.walk(folder):
        if JOB_FILE in files:
            folders.clear()
            continue
        seen = sorted(name for name in folders if not _is_left_out(name))
        images = {name for name in seen if is_zarr_folder(Path(root) / name)}
        folders[:] = [name for name in seen if name not in images]
        parts = parts_of_sets(Path(root), files)
        images |= {name for name in files if _is_image_name(name) and name not in parts}
        yield from (Path(root) / name for name in sorted(images))


def _is_image_name(name: str) -> bool:
    is_image = Path(name).suffix.lower() in IMAGE_SUFFIXES or is_set_description(name)
    return is_image and not name.startswith(".")


def _is_left_out(folder_name: str) -> bool:
    # An OIF keeps its planes in a folder beside it.
    return folder_name.startswith(".") or folder_name.endswith((".partial", ".oif.files"))
