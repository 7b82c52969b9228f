"""What the run folder of an examination of pairs shows: its findings and its overlays. No drawing.

Names of files are shown with their folder, because low and high ones often bear the same name.
"""

from dataclasses import dataclass
from pathlib import Path

from superlens.core.errors import InvalidInput
from superlens.core.jobs import PairCheckRequest
from superlens.io.runs import RunDocument, request_of
from superlens.prepare.pair_doctor.records import PairFinding, PairReport
from superlens.report.blocks import Raster
from superlens.report.provenance import RawFile

MOST_OVERLAYS = 6
"""So many fields are shown."""
_OVERLAY = "overlay"


@dataclass(frozen=True, slots=True)
class Overlay:
    """The picture of one pair laid over each other."""

    number: int
    """Of the pair, counted from 1."""
    finding: PairFinding
    raster: Raster


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """Everything a report says about one examination of pairs."""

    folder: Path
    run: RunDocument
    request: PairCheckRequest
    report: PairReport
    overlays: tuple[Overlay, ...]
    overlays_total: int

    @property
    def raw_files(self) -> tuple[RawFile, ...]:
        """The files that were examined; hashes are known of those of good pairs."""
        found: list[RawFile] = []
        for finding in self.report.findings:
            pair = finding.pair
            found.append(RawFile(named(pair.low), pair.low_sha256))
            found += [RawFile(named(other.name), other.sha256) for other in pair.low_others]
            found.append(RawFile(named(pair.high), pair.high_sha256))
        return tuple(dict.fromkeys(found))


def named(path: str) -> str:
    """Give a file with its folder."""
    return "/".join(Path(path).parts[-2:])


def read_pair_check(folder: Path, run: RunDocument) -> PairEvidence:
    """Read the run folder of an examination of pairs.

    Raises:
        InvalidInput: the folder holds no such examination, or lacks its report.
    """
    from superlens.io.codec import read_json

    request = request_of(run)
    if not isinstance(request, PairCheckRequest):
        raise InvalidInput(
            f"{folder} does not hold an examination of pairs", "Choose another run folder"
        )
    relative = run.result.path_of("pair_report")
    if relative is None or not (folder / relative).is_file():
        raise InvalidInput(f"The run {folder} lacks its report", "Examine the pairs again")
    report = read_json(PairReport, folder / relative)
    pictures = _pictures(folder, run)
    overlays = tuple(
        Overlay(number, report.findings[number - 1], _raster(path))
        for number, path in pictures[:MOST_OVERLAYS]
        if number <= len(report.findings)
    )
    return PairEvidence(folder, run, request, report, overlays, len(pictures))


def _pictures(folder: Path, run: RunDocument) -> list[tuple[int, Path]]:
    """Give the overlays that are there with the numbers of their pairs, from their names."""
    found: list[tuple[int, Path]] = []
    for file in run.result.files:
        path = folder / file.path
        number = path.name.partition("-")[0]
        if file.role == _OVERLAY and number.isdigit() and int(number) > 0 and path.is_file():
            found.append((int(number), path))
    return sorted(found)


def _raster(path: Path) -> Raster:
    from PIL import Image, UnidentifiedImageError

    from superlens.io.system_errors import reading

    with reading(path):
        png = path.read_bytes()
    try:
        with Image.open(path) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError) as error:
        raise InvalidInput(
            f"The overlay {path.name} is damaged", "Examine the pairs again", str(error)
        ) from error
    return Raster(png, width, height)
