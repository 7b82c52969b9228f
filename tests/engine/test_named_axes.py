"""Axes that the user names, through a restoration and its report."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from fakes.method import install_fake_model, known_here
from superlens.core.jobs import ComputePolicy, DeviceChoice, InputImage, RestoreRequest
from superlens.engine.context import JobContext
from superlens.engine.execute import execute
from superlens.io.images import open_image
from superlens.report.document import build_document


def test_pages_that_are_time_points_are_restored_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    path, out = tmp_path / "movie.tif", tmp_path / "run"
    data = np.random.default_rng(1).integers(100, 900, (3, 40, 48)).astype(np.uint16)
    tifffile.imwrite(path, data, metadata=None, photometric="minisblack")
    with known_here():
        card = install_fake_model(tmp_path / "home" / "models")
        compute = ComputePolicy(DeviceChoice.CPU, threads=1)
        source = InputImage(str(path), axes="TYX")
        request = RestoreRequest(source, card.ref, str(out), samples=0, compute=compute)

        result = execute("job", request, JobContext("job", lambda event: None))
        document = build_document((out,))

    with open_image(out / "mean.ome.tif") as mean:
        assert mean.info.scenes[0].shape[:3] == (3, 1, 1)
    assert not any("Z slices" in warning for warning in result.warnings)
    assert "movie" in document.title
