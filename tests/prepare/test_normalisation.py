import numpy as np
import pytest

from superlens.core.cards import NormalisationKind, NormalisationRule
from superlens.core.errors import InvalidInput
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.core.units import PixelSizes
from superlens.prepare.normalisation import Normalisation, measure_normalisation, sample_stack

PERCENTILES = NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.0)


class StackSource:
    """A stack (T, C, Z, Y, X) that plays an opened image and counts what is read."""

    def __init__(self, stack):
        self.stack = stack
        self.reads = []
        scene = SceneInfo("s", stack.shape, str(stack.dtype), PixelSizes(), (ChannelInfo("c"),))
        self.info = ImageInfo("x", "array", (scene,))

    def plane(self, scene, t, c, z):
        self.reads.append((t, c, z))
        return self.stack[t, c, z]

    def region(self, scene, t, c, z, roi):
        self.reads.append((t, c, z))
        return self.stack[t, c, z, roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]


class HugeSource(StackSource):
    """A plane far too large to hold, made up where it is looked at."""

    def __init__(self):
        super().__init__(np.zeros((1, 1, 1, 4, 4), np.uint16))
        scene = self.info.scenes[0]
        huge = SceneInfo("s", (1, 1, 1, 20_000, 20_000), "uint16", PixelSizes(), scene.channels)
        self.info = ImageInfo("x", "array", (huge,))

    def plane(self, scene, t, c, z):
        raise AssertionError("read a plane of 400 million pixels")

    def region(self, scene, t, c, z, roi):
        row, column = np.mgrid[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]
        return (row + column).astype(np.uint16)


def test_percentiles_become_zero_and_one():
    values = np.arange(10_001, dtype=np.uint16)

    rule = measure_normalisation(PERCENTILES, values)

    assert (rule.low, rule.high) == (100.0, 9900.0)
    assert rule.apply(np.array([100, 9900])).tolist() == [0.0, 1.0]


def test_map_is_undone_without_clipping():
    counts = np.array([0, 100, 65535], np.uint16)
    rule = Normalisation(200.0, 1200.0)

    back = rule.invert(rule.apply(counts))

    assert rule.apply(counts).dtype == np.float32
    # Two float32 roundings of values up to 65 times the span.
    np.testing.assert_allclose(back, counts, atol=0.02)
    assert rule.invert_spread(np.float32([0.5])).tolist() == [500.0]


def test_fixed_rule_ignores_the_image():
    fixed = NormalisationRule(NormalisationKind.FIXED, 100.0, 500.0)

    assert measure_normalisation(fixed, np.zeros(3)) == Normalisation(100.0, 500.0)


def test_sparse_image_falls_back_to_its_extremes():
    values = np.zeros(10_000, np.uint16)
    values[7] = 400

    assert measure_normalisation(PERCENTILES, values) == Normalisation(0.0, 400.0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full(9, 7, np.uint8), "same value, 7"),
        (np.full(9, np.nan, np.float32), "every pixel is NaN"),
        (np.array([1.0, np.nan, np.inf, 2.0]), "2 of 4 pixels"),
    ],
)
def test_images_without_usable_values_are_refused_in_plain_words(values, words):
    with pytest.raises(InvalidInput, match=words):
        measure_normalisation(PERCENTILES, values)


def test_sample_takes_every_pixel_of_a_small_stack():
    stack = np.arange(2 * 1 * 3 * 4 * 5, dtype=np.uint16).reshape(2, 1, 3, 4, 5)

    sample = sample_stack(StackSource(stack), 0, 0)

    assert sorted(sample.tolist()) == list(range(120))


def test_sample_of_a_long_stack_is_bounded_and_spread_over_it():
    stack = np.broadcast_to(
        np.arange(500, dtype=np.uint16)[:, None, None, None, None], (500, 1, 1, 512, 512)
    )
    source = StackSource(stack)

    sample = sample_stack(source, 0, 0)

    assert sample.size <= 1 << 22
    assert len(source.reads) == 32
    assert (sample.min(), sample.max()) == (0, 499)


def test_sample_of_a_huge_plane_reads_windows_only():
    sample = sample_stack(HugeSource(), 0, 0)

    assert sample.size <= 1 << 22
    # The true median of row + column over the plane is 19,999; windows on an even grid keep it.
    assert abs(float(np.median(sample)) - 19_999) < 200
