"""Label images for other programs: pixels and outlines come back exactly as they were."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import polygon2mask

from superlens.core.errors import InvalidInput
from superlens.io.images import open_image
from superlens.io.label_writing import write_geojson, write_label_image

RING = np.array(
    [
        [1, 1, 1, 1, 0],
        [1, 0, 2, 1, 0],
        [1, 0, 0, 1, 0],
        [1, 1, 1, 1, 0],
        [0, 0, 0, 0, 7],
        [7, 0, 0, 0, 0],
    ],
    np.int32,
)
"""An object with a hole, another one in that hole, and one in two parts."""


def features_in(path: Path) -> list[dict[str, Any]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["type"] == "FeatureCollection"
    return document["features"]


def painted(features: list[dict[str, Any]], shape: tuple[int, int]) -> np.ndarray:
    """Paint the features by the centres of pixels, as QuPath does."""
    found = np.zeros(shape, np.int32)
    for feature in features:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"]
        for rings in [polygons] if geometry["type"] == "Polygon" else polygons:
            inside = np.zeros(shape, bool)
            for ring in rings:
                corners = np.array(ring[:-1], float)[:, ::-1] - 0.5
                inside ^= polygon2mask(shape, corners)
            found[inside] = int(feature["properties"]["name"])
    return found


def area(ring: list[list[int]]) -> float:
    x, y = np.array(ring, float).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def test_objects_become_features_with_holes_and_parts(tmp_path: Path) -> None:
    path = tmp_path / "cells.geojson"

    count = write_geojson(path, RING)

    features = features_in(path)
    assert count == 3
    assert [feature["properties"]["name"] for feature in features] == ["1", "2", "7"]
    kinds = [feature["geometry"]["type"] for feature in features]
    assert kinds == ["Polygon", "Polygon", "MultiPolygon"]
    outer, hole = features[0]["geometry"]["coordinates"]
    assert (area(outer), area(hole)) == (16.0, -4.0)
    assert outer[0] == outer[-1]
    np.testing.assert_array_equal(painted(features, RING.shape), RING)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=49, max_size=49).filter(any))
def test_polygons_hold_exactly_the_pixels_of_their_object(
    tmp_path_factory: pytest.TempPathFactory, values: list[int]
) -> None:
    labels = np.array(values, np.int32).reshape(7, 7)
    path = tmp_path_factory.mktemp("labels") / "a.geojson"

    write_geojson(path, labels)

    np.testing.assert_array_equal(painted(features_in(path), labels.shape), labels)


def test_no_object_writes_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="shows no object"):
        write_geojson(tmp_path / "a.geojson", np.zeros((4, 4), np.int32))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("most", "dtype"), [(900, "uint16"), (70_000, "uint32")])
def test_label_image_keeps_every_number_and_the_pixel_size(
    tmp_path: Path, most: int, dtype: str
) -> None:
    labels = np.random.default_rng(1).integers(0, most, (1100, 700)).astype(np.int32)
    labels[0, 0] = most
    path = tmp_path / "cells_labels.ome.tif"

    write_label_image(path, labels, 0.25, (("Assay", "golgi"),))

    with open_image(path) as image:
        scene = image.info.scenes[0]
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0), labels)
        np.testing.assert_array_equal(image.plane(0, 0, 0, 0, level=1), labels[::2, ::2])
    with tifffile.TiffFile(path) as tif:
        assert "golgi" in str(tif.ome_metadata)
    assert scene.dtype == dtype
    assert scene.pixel_sizes.lateral_um == pytest.approx(0.25)


def test_labels_below_zero_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="from 0 upwards"):
        write_label_image(tmp_path / "a.ome.tif", np.full((4, 4), -1), None)
