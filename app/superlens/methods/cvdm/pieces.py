"""Arrays in memory in the place of regions: how one tile becomes a whole image. NumPy alone."""

import numpy as np

from superlens.core.method import Array


class ArrayReader:
    """Reads rectangles of an array (C, Y, X) whose corner is the corner of the field."""

    origin = (0, 0)

    def __init__(self, image: Array) -> None:
        self._image = image

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, Y, X)."""
        channels, height, width = self._image.shape
        return channels, height, width

    def read(self, top: int, left: int, height: int, width: int) -> Array:
        """Give (C, height, width), mirrored outside without doubling the edge."""
        rows = _mirrored(top, height, self._image.shape[1])
        columns = _mirrored(left, width, self._image.shape[2])
        return np.ascontiguousarray(self._image[:, rows[:, None], columns], np.float32)


class ArraySink:
    """Keeps the samples that are put."""

    def __init__(self, samples: range, shape: tuple[int, int, int]) -> None:
        self._samples = samples
        self.images: Array = np.zeros((len(samples), *shape), np.float32)
        """(K, C, Y, X), in the order of their index."""

    def scratch(self, name: str, shape: tuple[int, ...]) -> Array:
        """Give zeros."""
        return np.zeros(shape, np.float32)

    def put(self, sample: int, top: int, left: int, values: Array) -> None:
        """Take a part."""
        _, height, width = values.shape
        image = self.images[self._samples.index(sample)]
        image[:, top : top + height, left : left + width] = values


def _mirrored(start: int, size: int, length: int) -> np.ndarray:
    period = max(1, 2 * (length - 1))
    index = np.arange(start, start + size) % period
    return np.minimum(index, period - index) if length > 1 else np.zeros(size, np.intp)
