"""Whether the linked files of images are where they were and as they were.

Qt-free; it looks at the disk, so that it is called in threads.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from superlens.core.errors import InvalidInput, MissingFile, SuperlensError
from superlens.core.records import FileIdentity, ImageRecord
from superlens.io.hashing import quick_identity, stamp_of
from superlens.io.store_images import ImageLink
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
    is_as_saved: bool = False
    """Whether the record of the image says all this already."""


def link_of(image: ImageRecord) -> ImageLink:
    """Give the link of an image."""
    return ImageLink(image.id, image.path, image.seen_at, image.identity)


def look_at_link(link: ImageLink, places: ProjectPlaces) -> LinkFinding:
    """Look for the file of an image: as linked, else where it lay last.

    A file that was copied or touched has another time of change and is the same when its ends are.
    """
    has_picture = (places.cache_of(link.image_id) / "scene-0.png").is_file()
    linked, seen_at = places.absolute(link.path), Path(link.seen_at or link.path)
    findings: list[LinkFinding] = []
    for path in dict.fromkeys((linked, seen_at)):
        if path.is_absolute():
            state, identity = _identified(path, link.identity)
            is_as_saved = identity == link.identity and path == linked == seen_at
            findings.append(
                LinkFinding(link.image_id, state, path, identity, has_picture, is_as_saved)
            )
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
