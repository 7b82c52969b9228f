import gc
from multiprocessing.shared_memory import SharedMemory

import numpy as np
import pytest

from superlens.engine.preview_ring import PreviewRing, reduced


@pytest.fixture
def ring():
    ring = PreviewRing.create()
    yield ring
    ring.close()


def test_picture_written_on_one_side_is_read_on_the_other(ring):
    writer = PreviewRing.attach(ring.name)
    image = np.random.default_rng(0).random((100, 50))

    slot, shape, generation = writer.write(image)

    np.testing.assert_array_equal(ring.read(slot, shape, generation), image.astype(np.float32))
    writer.close()


def test_picture_that_was_overwritten_is_not_read_as_another(ring):
    first = ring.write(np.zeros((10, 10)))
    for value in range(1, 5):
        last = ring.write(np.full((10, 10), value))

    assert ring.read(*first) is None
    assert ring.read(*last).mean() == 4


def test_large_picture_is_reduced_by_averaging():
    image = np.arange(1200 * 800, dtype=np.float64).reshape(1200, 800)

    small = reduced(image, 512)

    assert small.shape == (400, 266)
    assert small[0, 0] == pytest.approx(image[:3, :3].mean())


def test_thin_picture_keeps_at_least_one_row():
    assert reduced(np.ones((1, 2000)), 512).shape == (1, 500)


def test_ring_that_is_dropped_leaves_no_memory_behind():
    ring = PreviewRing.create()
    name = ring.name

    del ring
    gc.collect()

    with pytest.raises(FileNotFoundError):
        SharedMemory(name=name)
