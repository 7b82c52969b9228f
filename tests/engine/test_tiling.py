import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from superlens.core.jobs import Roi
from superlens.engine.tiling import (
    Grid,
    Tile,
    TileBlender,
    halved,
    plan_tiles,
    read_reflected,
)


def grid(tile, halo=6, multiple=4, scale=2):
    return Grid(tile, halo, multiple, scale)


def whole(image):
    return Roi(0, 0, image.shape[1], image.shape[0])


def reader(image):
    return lambda roi: image[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]


def restored(image, roi, settings, method):
    """Run a method over all tiles of a plan and put the finished blocks together."""
    plan = plan_tiles(roi, image.shape, settings)
    blender = TileBlender(plan, np.zeros((plan.carry_height, plan.out_shape[1]), np.float32))
    result = np.full(plan.out_shape, np.nan, np.float32)
    for row, down in enumerate(plan.rows):
        for column, across in enumerate(plan.columns):
            tile = Tile(down, across)
            answer = method(read_reflected(reader(image), image.shape, tile))
            block = blender.blend(row, column, answer)
            assert np.isnan(result[block.place]).all()
            result[block.place] = block.pixels
    assert not np.isnan(result).any()
    return result


def smooth_twofold(tile):
    """A local method: mean over 5 x 5, each pixel twice; it sees 2 px around."""
    return np.repeat(np.repeat(uniform_filter(tile, 5, mode="mirror"), 2, 0), 2, 1)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (63, 64), (65, 66), (157, 98), (257, 31)])
@pytest.mark.parametrize("tile", [8, 16, 64, 400])
@pytest.mark.parametrize("multiple", [1, 4])
def test_weights_of_all_tiles_add_up_to_one_and_none_is_negative(shape, tile, multiple):
    plan = plan_tiles(Roi(0, 0, shape[1], shape[0]), shape, grid(tile, multiple=multiple))

    for spans, length in ((plan.rows, shape[0]), (plan.columns, shape[1])):
        total = np.zeros(length * 2)
        for span in spans:
            total[span.first : span.end] += span.weights
            assert span.weights.min() > 0
            assert span.weights.max() <= 1
            assert span.size % multiple == 0
            assert span.start % multiple == 0
        # float32 weights: three roundings of 6e-8 each.
        np.testing.assert_allclose(total, 1, atol=2e-7)


@pytest.mark.parametrize("shape", [(40, 50), (64, 64), (130, 97), (300, 70)])
@pytest.mark.parametrize("tile", [12, 32, 64, 128])
def test_local_method_gives_the_same_for_every_tile_size(shape, tile):
    image = np.random.default_rng(1).random(shape, np.float32)

    tiled = restored(image, whole(image), grid(tile), smooth_twofold)

    # float32 sums of up to four weighted copies of one number.
    np.testing.assert_allclose(tiled, smooth_twofold(image), atol=1e-6)


def test_constant_method_gives_a_constant():
    image = np.zeros((90, 70), np.float32)

    tiled = restored(
        image,
        whole(image),
        grid(32),
        lambda tile: np.full((2 * tile.shape[0], 2 * tile.shape[1]), 7.0, np.float32),
    )

    np.testing.assert_allclose(tiled, 7.0, rtol=5e-7)


def test_every_pixel_lies_between_the_answers_of_the_tiles():
    rng = np.random.default_rng(2)
    image = np.zeros((100, 100), np.float32)

    tiled = restored(
        image,
        whole(image),
        grid(32),
        lambda tile: np.full((2 * tile.shape[0], 2 * tile.shape[1]), rng.random(), np.float32),
    )

    assert tiled.min() > 0
    assert tiled.max() < 1
    # Feathered, not cut: neighbours never differ by more than a step of the ramp.
    assert np.abs(np.diff(tiled, axis=0)).max() < 0.5


@pytest.mark.parametrize("roi", [Roi(0, 0, 30, 20), Roi(13, 7, 51, 33), Roi(70, 90, 30, 10)])
def test_part_of_an_image_is_restored_as_the_whole_is(roi):
    image = np.random.default_rng(3).random((100, 100), np.float32)

    part = restored(image, roi, grid(16), smooth_twofold)

    expected = smooth_twofold(image)[
        2 * roi.y : 2 * (roi.y + roi.height), 2 * roi.x : 2 * (roi.x + roi.width)
    ]
    np.testing.assert_allclose(part, expected, atol=1e-6)


def test_image_smaller_than_tile_and_halo_is_one_mirrored_tile():
    image = np.arange(6, dtype=np.float32).reshape(2, 3)
    plan = plan_tiles(whole(image), image.shape, grid(64, halo=8, multiple=4))

    tile = Tile(plan.rows[0], plan.columns[0])
    pixels = read_reflected(reader(image), image.shape, tile)

    assert plan.tile_count == 1
    assert pixels.shape == (4 + 16, 4 + 16)
    expected = np.pad(image, ((8, 10), (8, 9)), mode="reflect")
    np.testing.assert_array_equal(pixels, expected)


def test_single_pixel_is_repeated():
    image = np.float32([[5]])
    plan = plan_tiles(whole(image), image.shape, grid(64))

    pixels = read_reflected(reader(image), (1, 1), Tile(plan.rows[0], plan.columns[0]))

    assert (pixels == 5).all()


def test_reading_a_tile_asks_for_no_more_than_its_rectangle():
    asked = []

    def read(roi):
        asked.append(roi)
        return np.zeros((roi.height, roi.width))

    plan = plan_tiles(Roi(0, 0, 1000, 1000), (1000, 1000), grid(100, halo=8))
    read_reflected(read, (1000, 1000), Tile(plan.rows[4], plan.columns[4]))

    assert asked == [Roi(plan.columns[4].start, plan.rows[4].start, 116, 116)]


def test_tiles_are_few_and_of_one_size():
    plan = plan_tiles(Roi(0, 0, 1024, 512), (512, 1024), grid(544, halo=32, multiple=4))

    assert (len(plan.rows), len(plan.columns)) == (1, 2)
    # 1024 px and a feather of 36 px shared by two cores; 32 px of context, but 8 at the border.
    assert [column.size for column in plan.columns] == [532 + 8 + 32, 532 + 32 + 8]
    assert plan.rows[0].size == 512 + 8 + 8
    assert plan.computed_px == 528 * 2 * 572


def test_memory_is_one_row_of_tiles_whatever_the_height():
    low, high = (
        plan_tiles(Roi(0, 0, 300, height), (height, 300), grid(64)) for height in (640, 64_000)
    )

    assert high.carry_height <= 2 * low.carry_height
    assert max(len(row.weights) for row in high.rows) <= 2 * 64


def test_halving_ends_at_the_smallest_tile():
    assert [halved(512), halved(200), halved(100), halved(64)] == [256, 100, 64, None]
