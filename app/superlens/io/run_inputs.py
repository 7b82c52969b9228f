"""Which files a finished run read, and what the SHA-256 of each was."""

from collections.abc import Iterable
from pathlib import Path

from superlens.core.errors import SuperlensError
from superlens.core.jobs import InputImage, MeasureRequest, RestoreRequest
from superlens.io.runs import read_run, request_of

_NOTE = "input_sha256"


def input_hashes(folder: Path) -> dict[str, str]:
    """Give path and SHA-256 of the images that a run read; empty where it does not say so."""
    try:
        run = read_run(folder)
        request = request_of(run)
    except SuperlensError:
        return {}
    match request:
        case RestoreRequest(input=image):
            noted = run.notes.get(_NOTE) or image.sha256
            return {image.path: noted} if isinstance(noted, str) else {}
        case MeasureRequest(fields=fields):
            return _known(image for field in fields for image in field.channels.values())
        case _:
            return {}


def _known(images: Iterable[InputImage]) -> dict[str, str]:
    return {image.path: image.sha256 for image in images if image.sha256 is not None}
