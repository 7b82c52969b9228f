"""Whether the linked files of images are where they were and as they were.

Qt-free; it looks at the disk, so that it is called in threads.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from superlens.core.errors import InvalidInput, MissingFile, SuperlensError
from superlens.core.records import FileIdentity, ImageRecord
from superlens.io.hashing import quick_identity, stamp_of
from superlens.workbench.places import ProjectPlaces


class LinkState(StrEnum):
    """Whether the linked file of an image is as it was."""

    PRESENT = "present"
    MISSING = "missing"
    CHANGED = "changed"
    """Another content than at import, as far as size, time of change and both ends tell."""


@dataclass(frozen=True, slots=True)
class LinkFinding:
    """How the file of one image stands."""

    image_id: str
    state: LinkState
    path: Path
    """Where it lies, or should."""
    identity: FileIdentity
    """As it is now, when it is there with the content that it had."""
    has_picture: bool
    """Whether the project has a small picture of it."""


def look_at_link(image: ImageRecord, places: ProjectPlaces) -> LinkFinding:
    """Look for the file of an image: as linked, else where it lay last.

    A file that was copied or touched has another time of change and is the same when its ends are.
    """
    has_picture = (places.cache_of(image.id) / "scene-0.png").is_file()
    findings = [
        _finding(image, path, has_picture)
        for path in dict.fromkeys((places.absolute(image.path), Path(image.seen_at or image.path)))
        if path.is_absolute()
    ]
    for state in (LinkState.PRESENT, LinkState.CHANGED):
        for finding in findings:
            if finding.state is state:
                return finding
    return findings[0]


def link_state(path: Path, identity: FileIdentity) -> LinkState:
    """Say whether a file is there with the content that it had at import."""
    return _identified(path, identity)[0]


def relinked(image: ImageRecord, finding: LinkFinding, places: ProjectPlaces) -> ImageRecord:
    """Give the record of an image as its file was found."""
    link = places.portable(finding.path)
    return replace(
        image,
        path=link,
        identity=finding.identity,
        info=replace(image.info, path=link),
        seen_at=str(finding.path),
    )


def require_unchanged(image: ImageRecord, path: Path) -> None:
    """Make sure that a job reads the file that was imported.

    Raises:
        MissingFile: it is not there.
        InvalidInput: its content is another one.
    """
    match link_state(path, image.identity):
        case LinkState.MISSING:
            raise MissingFile(
                f"The file {path} is not there", "Bring it back, or use Find missing files"
            )
        case LinkState.CHANGED:
            raise InvalidInput(
                f"The file {path} changed since it was imported",
                "Bring the earlier file back, or remove the image and import the new one",
            )
        case LinkState.PRESENT:
            return


def _finding(image: ImageRecord, path: Path, has_picture: bool) -> LinkFinding:
    state, identity = _identified(path, image.identity)
    return LinkFinding(image.id, state, path, identity, has_picture)


def _identified(path: Path, known: FileIdentity) -> tuple[LinkState, FileIdentity]:
    try:
        stamp = stamp_of(path)
        if stamp.size_bytes != known.size_bytes:
            return LinkState.CHANGED, known
        if stamp.modified_ns == known.modified_ns:
            return LinkState.PRESENT, known
        found = quick_identity(path)
    except (OSError, SuperlensError):
        return LinkState.MISSING, known
    is_same = found.quick_sha256 == known.quick_sha256
    return (LinkState.PRESENT, found) if is_same else (LinkState.CHANGED, known)
