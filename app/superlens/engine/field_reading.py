"""From the files of one field of view to the arrays that an assay measures, raw or super-resolved.

Torch-free until a loaded model is passed in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.assay import AssaySpec, ChannelRole, Field
from superlens.core.errors import InvalidInput, UnsupportedImage
from superlens.core.jobs import FieldInput, InputImage
from superlens.engine.image_reading import PlaneIndex, Subject, choose_subject
from superlens.io.hashing import sha256_of
from superlens.io.images import ImageSource
from superlens.io.reading import open_safely
from superlens.quality.baselines import bicubic

if TYPE_CHECKING:
    from superlens.engine.restorer import Restorer

Plane = NDArray[np.floating[Any]]

FIRST_TIME = "Of images with several time points only the first one was measured"
PROJECTED = "Of Z stacks the maximum projection was measured"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the reading of every field of a plate needs beside the field itself."""

    spec: AssaySpec
    check: Callable[[], None]
    """Raises when the user asked to stop."""
    warn: Callable[[str], None]
    restorer: "Restorer | None" = None
    samples: int = 0
    """Samples to draw of every channel that is restored."""


@dataclass(frozen=True, slots=True)
class FieldImages:
    """One field as it is measured."""

    field: Field
    """Raw, or with the model's single answer or mean."""
    samples: tuple[Field, ...]
    """The same field once per sample of the reconstruction."""
    sha256: dict[str, str]
    """Role to the hash of the file it was read from."""


@dataclass(frozen=True, slots=True)
class _ChannelImage:
    """One channel on the grid that is measured."""

    mean: Plane
    samples: tuple[Plane, ...]
    """Empty for a channel that is not restored: it is the same in every sample."""
    pixel_um: float | None
    """Of the raw image."""
    sha256: str


def read_field(wanted: FieldInput, surroundings: Surroundings) -> FieldImages:
    """Read all channels of a field; with a model, restore those that are meant for it.

    Raises:
        InvalidInput: a file is missing, broken, changed or of the wrong kind, or the channels do
        not
            fit together.
        JobCancelled: the user asked to stop.
        OutOfMemory: not even the smallest tile fits on the device.
    """
    channels: dict[str, _ChannelImage] = {}
    for role in surroundings.spec.channels_required:
        if role.id not in wanted.channels:
            raise InvalidInput(f"There is no image for the {role.title}", "Name its file")
        surroundings.check()
        channels[role.id] = _read_channel(wanted.channels[role.id], role, surroundings)
    shapes = {image.mean.shape for image in channels.values()}
    if len(shapes) > 1:
        sizes = ", ".join(
            f"{role} {image.mean.shape[1]} x {image.mean.shape[0]}"
            for role, image in channels.items()
        )
        raise InvalidInput(
            f"The channels differ in size ({sizes} pixels)", "Give channels of the same field"
        )
    return FieldImages(
        field=_field(wanted, channels, surroundings, None),
        samples=tuple(
            _field(wanted, channels, surroundings, index) for index in range(surroundings.samples)
        ),
        sha256={role: image.sha256 for role, image in channels.items()},
    )


def _field(
    wanted: FieldInput,
    channels: dict[str, _ChannelImage],
    surroundings: Surroundings,
    index: int | None,
) -> Field:
    scale = 1 if surroundings.restorer is None else surroundings.restorer.card.scale
    sizes = {image.pixel_um for image in channels.values()}
    raw_um = sizes.pop() if len(sizes) == 1 else None
    return Field(
        well=wanted.well,
        name=wanted.name,
        channels={
            role: image.samples[index] if index is not None and image.samples else image.mean
            for role, image in channels.items()
        },
        pixel_um=None if raw_um is None else raw_um / scale,
        scale=scale,
    )


def _read_channel(
    wanted: InputImage, role: ChannelRole, surroundings: Surroundings
) -> _ChannelImage:
    path = Path(wanted.path)
    sha256 = sha256_of(path, surroundings.check)
    if wanted.sha256 is not None and wanted.sha256 != sha256:
        raise InvalidInput(
            f"The file {path.name} changed since this job was made", "Make the job again"
        )
    with open_safely(path, wanted.axes) as source:
        subject = choose_subject(source.info, wanted, None)
        if len(subject.channels) > 1:
            names = ", ".join(channel.name for channel in subject.channel_infos)
            raise InvalidInput(
                f"{path.name} has several channels ({names})",
                f"Say which one shows the {role.title}",
            )
        if subject.info.size("T") > 1:
            surroundings.warn(FIRST_TIME)
        mean, samples = _planes(source, subject, role, surroundings)
    return _ChannelImage(mean, samples, subject.pixel_sizes.lateral_um, sha256)


def _planes(
    source: ImageSource, subject: Subject, role: ChannelRole, surroundings: Surroundings
) -> tuple[Plane, tuple[Plane, ...]]:
    restorer = surroundings.restorer
    if restorer is None:
        return _projection(source, subject, surroundings), ()
    if not role.is_restored:
        return bicubic(_projection(source, subject, surroundings), restorer.card.scale), ()
    if subject.info.size("Z") > 1:
        raise UnsupportedImage(
            "A Z stack cannot be super-resolved on the way to a measurement",
            "Make a projection of it first, or measure without a model",
        )
    from superlens.engine.restoration import restore_plane_samples

    where = PlaneIndex(subject.scene, 0, subject.channels[0], 0)
    answer = restore_plane_samples(restorer, source, where, surroundings.samples)
    return answer.mean, answer.samples


def _projection(source: ImageSource, subject: Subject, surroundings: Surroundings) -> Plane:
    """Give the only plane of the first time point, or the maximum over its planes."""
    depths = subject.info.size("Z")
    if depths > 1:
        surroundings.warn(PROJECTED)
    channel = subject.channels[0]
    found = np.asarray(source.plane(subject.scene, 0, channel, 0), np.float32)
    for depth in range(1, depths):
        surroundings.check()
        plane = np.asarray(source.plane(subject.scene, 0, channel, depth), np.float32)
        found = np.maximum(found, plane)
    return found
