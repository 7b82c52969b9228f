"""Makes a model of a file of weights that another program wrote: converted once, to safetensors.

Torch-free: a child process reads the file.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from superlens.core.cards import ModelCard, TrainedRange
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import ImportModelRequest
from superlens.core.records import ResultFile, ResultRecord
from superlens.engine.context import JobContext
from superlens.engine.device import describe_cpu
from superlens.engine.foreign_weights import ForeignFile, read_foreign_file
from superlens.engine.model_making import CLAIM_LIMITS
from superlens.engine.versions import software_versions
from superlens.io.model_library import require_model_id
from superlens.io.weights import CARD_FILE, save_model
from superlens.methods.resrgan.official import (
    PUBLISHED,
    OfficialGenerator,
    PublishedFile,
    read_official,
)
from superlens.methods.resrgan.spec import RESRGAN
from superlens.prepare.training_data import TRAINING_NORMALISATION

_STEPS = 3
_ARCHITECTURE = "RRDBNet"
_KNOWN_MATERIAL = "photographs of everyday scenes, worsened by a computer"
_LIMITS = {
    True: (
        "It was trained on photographs of everyday scenes, never on microscopy: it may draw edges "
        "and textures that are not in the specimen."
    ),
    False: (
        "What it was trained on is not known here; networks of this kind are published for "
        "photographs of everyday scenes and may draw edges and textures that are not in the "
        "specimen."
    ),
}
"""By whether the file is one of those that are known by their hash."""
_UNKNOWN_LICENCE = "not known: that of the file it was made from"


@dataclass(frozen=True, slots=True)
class _Import:
    """A file, read and understood."""

    request: ImportModelRequest
    file: ForeignFile
    generator: OfficialGenerator

    @property
    def published(self) -> PublishedFile | None:
        return PUBLISHED.get(self.file.sha256)


def run(job_id: str, request: ImportModelRequest, context: JobContext) -> ResultRecord:
    """Import a model; see `engine.execute.execute`.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: it is damaged, or not a file of weights.
        InvalidInput: it holds something else than a generator of RESRGAN's kind, or it changed.
        InvalidParameter: the id cannot be one, or the folder holds a model.
    """
    require_model_id(request.model_id)
    out, path = Path(request.out), Path(request.file)
    if (out / CARD_FILE).exists():
        raise InvalidParameter(f"There is already a model in {out}", "Choose another id")
    context.accept(f"Import {path.name} as {request.model_id}")
    context.progress("Reading weights", 0, _STEPS)
    file = read_foreign_file(path, context.check)
    if request.sha256 is not None and request.sha256 != file.sha256:
        raise InvalidInput(
            f"{path.name} changed since the import was asked for", "Ask for the import again"
        )
    context.progress("Understanding them", 1, _STEPS)
    found = _Import(request, file, read_official(file.tensors, path.name, request.fold))
    context.check()
    context.progress("Writing the model", 2, _STEPS)
    names = _written(found, out)
    context.progress("Writing the model", _STEPS, _STEPS)
    return ResultRecord(
        job_id=job_id,
        kind=request.kind.value,
        folder=str(out),
        files=tuple(ResultFile(role, name) for role, name in names),
        warnings=context.warnings,
        device=describe_cpu().name,
    )


def _written(found: _Import, out: Path) -> list[tuple[str, str]]:
    """Write the model; give role and name of each file. Its card, written last, makes it whole."""
    was_there = out.exists()
    try:
        card = save_model(out, _card(found), found.generator.weights, False, _header(found))
    except BaseException:
        if not was_there:
            shutil.rmtree(out, ignore_errors=True)
        raise
    return [("model", CARD_FILE), *(("weights", file.name) for file in card.weights)]


def _card(found: _Import) -> ModelCard:
    request, published = found.request, found.published
    shape = found.generator.weights.architecture
    versions = software_versions()
    return ModelCard(
        id=request.model_id,
        title=_title(found),
        method=RESRGAN.id,
        scale=int(shape["scale"] or 0),
        claim=RESRGAN.claim,
        weights=(),
        sha256="",
        architecture=shape,
        normalisation=TRAINING_NORMALISATION,
        trained_on=TrainedRange(note="" if published is None else _KNOWN_MATERIAL),
        limits=(_LIMITS[published is not None], *_fold_limits(found), *CLAIM_LIMITS[RESRGAN.claim]),
        licence=_licence(found),
        made_with=(
            f"Imported by Superlens {versions.superlens}, {datetime.now(UTC).date().isoformat()}"
        ),
        description=_description(found),
    )


def _title(found: _Import) -> str:
    if found.published is None:
        return f"Imported from {Path(found.request.file).name}"
    return f"{found.published.title}, as published"


def _licence(found: _Import) -> str:
    return _UNKNOWN_LICENCE if found.published is None else found.published.licence


def _fold_limits(found: _Import) -> tuple[str, ...]:
    if found.generator.channels == 1:
        return ()
    return (
        "It was made for colour pictures of 8 bits: it gets the same channel as red, green and "
        f"blue, and its three answers are averaged ({found.request.fold.value}).",
    )


def _description(found: _Import) -> str:
    name = Path(found.request.file).name
    table = f", table {found.generator.table}" if found.generator.table else ""
    known = "" if found.published is None else f", the published {found.published.name}"
    return f"Converted from {name}{table}{known}; SHA-256 {found.file.sha256}."


def _header(found: _Import) -> dict[str, str]:
    """Give what travels in the files of weights themselves."""
    rule = TRAINING_NORMALISATION
    shape = {key: str(value) for key, value in found.generator.weights.architecture.items()}
    return {
        "arch": _ARCHITECTURE,
        **shape,
        "source_channels": str(found.generator.channels),
        "fold": found.request.fold.value if found.generator.channels > 1 else "none",
        "norm": f"{rule.kind.value} {rule.low:g} {rule.high:g}",
        "source_sha256": found.file.sha256,
        "licence": _licence(found),
    }
