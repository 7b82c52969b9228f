"""Memory maps that leave memory keep their content."""

import numpy as np
import pytest

from superlens.io.memory_maps import let_go


@pytest.mark.parametrize("mode", ["r+", "c"])
def test_content_stays(tmp_path, mode):
    path = tmp_path / "map"
    np.zeros(8192, np.float32).tofile(path)
    stack = np.memmap(path, np.float32, mode)
    stack[:] = np.arange(8192)

    let_go(stack)

    np.testing.assert_array_equal(stack, np.arange(8192, dtype=np.float32))
    del stack


def test_other_arrays_are_left_alone():
    pixels = np.arange(5)

    let_go(pixels)

    np.testing.assert_array_equal(pixels, np.arange(5))
