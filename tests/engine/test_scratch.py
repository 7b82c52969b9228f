"""Large arrays on disk: what is relieved from memory is still there."""

import numpy as np

from superlens.engine.scratch import Scratch
from superlens.io.runs import create_run


def test_content_survives_being_relieved(tmp_path):
    values = np.arange(3 * 512, dtype=np.float32).reshape(3, 512)
    with create_run(tmp_path / "run") as run, Scratch(run) as scratch:
        stack = scratch.array("mean", values.shape)
        stack[:] = values
        asked = []

        scratch.relieving(lambda: asked.append(1))()

        assert asked == [1]
        np.testing.assert_array_equal(stack, values)
        del stack
