"""What a method that samples whole images sees: a reader of the image, a place for its samples.

Torch-free; knows no model and no files.
"""

from collections.abc import Callable

import numpy as np

from superlens.core.errors import Diverged
from superlens.core.jobs import Roi
from superlens.core.method import Array
from superlens.engine.context import JobContext, QuietRun
from superlens.engine.plane_job import Plane
from superlens.engine.sample_statistics import ArrayMaker
from superlens.engine.tiling import read_mirrored
from superlens.prepare.normalisation import Normalisation


class CanvasReader:
    """`core.method.RegionReader` of a part of a plane, normalised; around it is the real image."""

    def __init__(self, plane: Plane, canvas: Roi, normalisation: Normalisation) -> None:
        """Make a reader.

        Args:
            plane: the whole image.
            canvas: the part, in pixels of the image; may reach beyond its border.
            normalisation: from counts to what the method sees.
        """
        self._read, self._shape = plane
        self._canvas = canvas
        self._normalisation = normalisation

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, Y, X)."""
        return 1, self._canvas.height, self._canvas.width

    @property
    def origin(self) -> tuple[int, int]:
        """(Y, X) of the first pixel in the whole image."""
        return self._canvas.y, self._canvas.x

    def read(self, top: int, left: int, height: int, width: int) -> Array:
        """Give (1, height, width)."""
        part = Roi(self._canvas.x + left, self._canvas.y + top, width, height)
        pixels = read_mirrored(self._read, self._shape, part)
        return self._normalisation.apply(pixels)[None]


class SampleIntake:
    """`core.method.RegionSink`: puts samples together, and hands on each as soon as it is whole."""

    def __init__(
        self,
        shape: tuple[int, int],
        samples: range,
        arrays: ArrayMaker,
        on_whole: Callable[[int, Array], None],
    ) -> None:
        """Make a place for samples.

        Args:
            shape: (Y, X) of a sample.
            samples: indices of those that will come, in this order.
            arrays: gives the room.
            on_whole: told index and pixels (Y, X) of each; the next one overwrites them.
        """
        self._samples = samples
        self._arrays = arrays
        self._on_whole = on_whole
        self._sample = arrays("sample", shape)
        self._missing = self._sample.size
        self._whole = 0
        self.is_handing_on = False
        """Whether an error came from whoever takes the samples, not from the method."""

    def scratch(self, name: str, shape: tuple[int, ...]) -> Array:
        """Give an array of zeros."""
        return self._arrays(f"method-{name}", shape)

    def put(self, sample: int, top: int, left: int, values: Array) -> None:
        """Take a part (1, h, w) of a sample.

        Raises:
            Diverged: some values are not finite.
            ValueError: it is not this sample's turn, or the part lies outside of it.
        """
        if self._whole == len(self._samples) or sample != self._samples[self._whole]:
            raise ValueError(f"sample {sample} was put while it was not its turn")
        height, width = values.shape[1:]
        place = slice(top, top + height), slice(left, left + width)
        if self._sample[place].shape != (height, width):
            raise ValueError(f"a part of sample {sample} lies outside of it: {top}, {left}")
        if not np.isfinite(values).all():
            raise Diverged(
                "The model gave values that are not numbers",
                "Look for pixels far brighter than the rest, or choose another model",
            )
        self._sample[place] = values[0]
        self._missing -= height * width
        if self._missing == 0:
            self.is_handing_on = True
            self._on_whole(sample, self._sample)
            self.is_handing_on = False
            self._whole, self._missing = self._whole + 1, self._sample.size

    def require_all(self) -> None:
        """Make sure that every sample came.

        Raises:
            ValueError: the method left some out.
        """
        if self._whole < len(self._samples):
            raise ValueError(f"the method gave {self._whole} of {len(self._samples)} samples")


class SamplingRun(QuietRun):
    """`core.method.Run` for samples of a whole image: it is heard how far the method is."""

    def __init__(
        self, context: JobContext, device: str, seed: int, tell: Callable[[int, int], None]
    ) -> None:
        super().__init__(context, device, seed)
        self._tell = tell

    def progress(self, phase: str, done: int, total: int) -> None:
        """Pass on how much of the samples is done."""
        self._tell(done, total)


def image_seed(seed: int, image: int) -> int:
    """Give the seed of the samples of one image, 32 bits, from that of the job and its key."""
    return int(np.random.SeedSequence([seed, image]).generate_state(1)[0])
