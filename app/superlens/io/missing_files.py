"""Missing files found again below a folder: by name and size, and surely by their content.

It only proposes: who takes the proposal, links anew.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from superlens.core.errors import SuperlensError
from superlens.core.records import FileIdentity
from superlens.io.hashing import quick_identity, stamp_of
from superlens.io.images.recognition import is_zarr_folder


@dataclass(frozen=True, slots=True)
class LostFile:
    """A file that is looked for."""

    id: str
    """Of the image that it belongs to."""
    name: str
    identity: FileIdentity


@dataclass(frozen=True, slots=True)
class FoundFile:
    """Where a lost file is."""

    id: str
    path: Path
    identity: FileIdentity
    """As it is now: a copy has another time of change."""
    is_renamed: bool


@dataclass(frozen=True, slots=True)
class Search:
    """What came of looking for files."""

    found: tuple[FoundFile, ...]
    not_found: tuple[str, ...]
    """Ids, in the order in which they were asked for."""
    changed: tuple[Path, ...]
    """Files of a right name that hold something else."""


def find_files(
    lost: Sequence[LostFile], folder: Path, check: Callable[[], None] | None = None
) -> Search:
    """Look for files below a folder.

    A file counts when its size and its ends are those of the lost one. Of several the one of the
    same name is proposed; a file may also have been renamed.

    Args:
        lost: what is looked for.
        folder: where; hidden folders are left out, links to folders are not followed.
        check: called for each folder; may raise to stop.
    """
    sizes = {item.identity.size_bytes for item in lost}
    names = {item.name.lower() for item in lost}
    by_size, misfits = _walked(folder, sizes, names, check)
    identities: dict[Path, FileIdentity | None] = {}
    found: list[FoundFile] = []
    for item in lost:
        match = _match(item, by_size.get(item.identity.size_bytes, []), identities)
        if match is not None:
            found.append(match)
    known = {item.id for item in found}
    missing = [item for item in lost if item.id not in known]
    wanted = {item.name.lower() for item in missing}
    taken = {item.path for item in found}
    same_size = [path for paths in by_size.values() for path in paths]
    odd = [
        path for path in (*misfits, *same_size) if path.name.lower() in wanted and path not in taken
    ]
    return Search(tuple(found), tuple(item.id for item in missing), tuple(sorted(odd)))


def _walked(
    folder: Path, sizes: set[int], names: set[str], check: Callable[[], None] | None
) -> tuple[dict[int, list[Path]], list[Path]]:
    """Give files by their size where it is one that is looked for, and namesakes of other sizes."""
    by_size: dict[int, list[Path]] = defaultdict(list)
    misfits: list[Path] = []
    for root, folders, files in os.walk(folder):
        if check is not None:
            check()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        images = {name for name in folders if is_zarr_folder(Path(root) / name)}
        folders[:] = [name for name in folders if name not in images]
        for name in sorted((*files, *images)):
            path = Path(root) / name
            try:
                size = stamp_of(path).size_bytes
            except OSError:  # gone this moment, or a link to nothing
                continue
            if size in sizes:
                by_size[size].append(path)
            elif name.lower() in names:
                misfits.append(path)
    return by_size, misfits


def _match(
    item: LostFile, paths: Sequence[Path], identities: dict[Path, FileIdentity | None]
) -> FoundFile | None:
    namesakes_first = sorted(paths, key=lambda path: path.name.lower() != item.name.lower())
    for path in namesakes_first:
        if path not in identities:
            identities[path] = _identity(path)
        identity = identities[path]
        if identity is not None and identity.quick_sha256 == item.identity.quick_sha256:
            return FoundFile(item.id, path, identity, path.name != item.name)
    return None


def _identity(path: Path) -> FileIdentity | None:
    try:
        return quick_identity(path)
    except SuperlensError:
        return None
