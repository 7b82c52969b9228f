"""What is judged: the input itself, bicubic interpolation, and the answers of the models."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.evaluation import BICUBIC_ROW, INPUT_ROW
from superlens.core.jobs import EvaluateRequest, PairFile, Roi
from superlens.core.method import Array
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.engine.context import JobContext
from superlens.engine.image_reading import PlaneIndex
from superlens.engine.restoration import restore_plane_samples
from superlens.engine.restorer import Restorer, open_restorer
from superlens.io.hashing import sha256_of
from superlens.prepare.pairs import read_pair
from superlens.quality.baselines import bicubic


@dataclass(frozen=True, slots=True)
class MemoryPlane:
    """A picture in memory that can be restored as a file can."""

    picture: NDArray[np.float32]
    """(Y, X)."""

    @property
    def info(self) -> ImageInfo:
        """Describe it as one plane of one channel."""
        shape = (1, 1, 1, *self.picture.shape)
        scene = SceneInfo("", shape, "float32", PixelSizes(), (ChannelInfo(""),))
        return ImageInfo("memory", "array", (scene,))

    def plane(self, scene: int, t: int, c: int, z: int) -> NDArray[np.float32]:
        """Give the picture."""
        return self.picture

    def region(self, scene: int, t: int, c: int, z: int, roi: Roi) -> NDArray[np.float32]:
        """Give a part of the picture."""
        return self.picture[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one method made of a low-resolution picture."""

    method: str
    picture: Array
    """(Y * scale, X * scale), in the units of the low-resolution picture."""
    spread: Array | None = None


def open_models(
    request: EvaluateRequest, context: JobContext, stack: ExitStack
) -> tuple[Restorer, ...]:
    """Load all models of a request for as long as a stack lasts.

    Raises:
        InvalidInput: they differ in scale, or one is named twice; and what `open_restorer` raises.
    """
    opened: list[Restorer] = []
    for model in (request.model, *request.further):
        opener = open_restorer(model, request.params, request.compute, request.seed, context)
        restorer = stack.enter_context(opener)
        first = opened[0].card if opened else restorer.card
        if restorer.card.scale != first.scale:
            raise InvalidInput(
                f"{first.id} enlarges {first.scale}×, {restorer.card.id} {restorer.card.scale}×",
                "Judge models of one scale together",
            )
        if any(restorer.card.id == other.card.id for other in opened):
            raise InvalidInput(f"The model {restorer.card.id} is named twice", "Name it once")
        opened.append(restorer)
    return tuple(opened)


def answers(
    low: Array, scale: int, restorers: Sequence[Restorer], samples: int, context: JobContext
) -> Iterator[Answer]:
    """Give what the input itself, bicubic interpolation and every model make of a picture."""
    yield Answer(INPUT_ROW, low.repeat(scale, 0).repeat(scale, 1))
    yield Answer(BICUBIC_ROW, bicubic(low, scale))
    for restorer in restorers:
        context.check()
        answer = restore_plane_samples(restorer, MemoryPlane(low), PlaneIndex(), samples)
        yield Answer(restorer.card.id, answer.mean, answer.spread)


def read_judged_pair(pair: PairFile, scale: int) -> tuple[Array, Array]:
    """Read a pair that is to be judged.

    Raises:
        InvalidInput: see `read_pair`; or one of them is constant or not finite everywhere.
    """
    low, truth = read_pair(pair, None, scale)
    for picture, name in ((low, pair.low), (truth, pair.high)):
        if not np.isfinite(picture).all():
            raise InvalidInput(f"{Path(name).name} holds values that are not numbers")
        if float(np.ptp(picture)) == 0.0:
            raise InvalidInput(f"{Path(name).name} is the same everywhere")
    return low, truth


def identified(
    pairs: Sequence[PairFile], check: Callable[[], None] = lambda: None
) -> tuple[PairFile, ...]:
    """Give pairs with the hashes of their files; of a file that cannot be read it stays unknown."""
    known: dict[str, str | None] = {}

    def hashed(name: str, given: str | None) -> str | None:
        if given is not None:
            return given
        if name not in known:
            try:
                known[name] = sha256_of(Path(name), check)
            except InvalidInput:
                known[name] = None
        return known[name]

    return tuple(
        replace(
            pair,
            low_sha256=hashed(pair.low, pair.low_sha256),
            high_sha256=hashed(pair.high, pair.high_sha256),
            low_others=tuple(
                replace(one, sha256=hashed(one.name, one.sha256)) for one in pair.low_others
            ),
        )
        for pair in pairs
    )


def field_of(pair: PairFile) -> str:
    """Give the field of view of a pair: pictures of one are no independent witnesses."""
    return pair.field_id or Path(pair.high).stem
