from pathlib import Path

import numpy as np
import pytest

from engine.measured_plates import document, measure, table, write_field, write_image_of
from fakes.method import MODEL_ID, install_fake_model, known_here
from fakes.sampler import install_sampler, sampler_known_here
from superlens.core.errors import InvalidParameter
from superlens.core.records import ModelRef
from superlens.io.images import open_image
from superlens.io.runs import read_run


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPERLENS_HOME", str(tmp_path / "home"))
    card = install_fake_model(tmp_path / "home" / "models")
    with known_here():
        yield card.ref


def test_model_restores_the_protein_and_keeps_the_ratio(tmp_path, model) -> None:
    field = write_field(tmp_path, "A01", 1.5, pixel_um=0.5)

    result = measure([field], tmp_path / "run", model=model)

    found = document(tmp_path / "run")
    assert found["wells"][0]["value"] == pytest.approx(1.5, rel=0.1)
    assert found["interval"]["sources"] == ["cells"]
    rows = table(tmp_path / "run", "objects.csv")
    assert len(rows) == 9
    assert float(rows[0]["nucleus_area"]) == pytest.approx(np.pi * 4**2, rel=0.15)
    notes = read_run(tmp_path / "run").notes
    assert (notes["model_id"], notes["scale"], notes["pixel_size_um"]) == (MODEL_ID, 2, 0.5)
    assert notes["overlay_pixel_um"] == 0.25
    assert notes["spread_label"] is None
    assert "samples" not in [file.role for file in result.files]
    with open_image(tmp_path / "run" / "labels" / "A01_1.tif") as source:
        assert source.plane(0, 0, 0, 0).shape == (320, 320)


def test_samples_are_measured_each_and_become_a_source(tmp_path, model) -> None:
    fields = [write_field(tmp_path, well, 1.0) for well in ("A01", "A02")]

    result = measure(fields, tmp_path / "run", model=model, samples=3)

    found = document(tmp_path / "run")
    assert found["interval"]["sources"] == ["cells", "reconstruction"]
    assert set(found["wells"][0]["shares"]) == {"cells", "reconstruction"}
    rows = table(tmp_path / "run", "samples.csv")
    assert len(rows) == 2 * 9 * 3
    assert {row["sample"] for row in rows} == {"0", "1", "2"}
    assert "samples" in [file.role for file in result.files]
    assert read_run(tmp_path / "run").notes["spread_label"] == "Height of a checkerboard"


def test_more_samples_than_there_are_become_all_there_are(tmp_path, model) -> None:
    field = write_field(tmp_path, "A01", 1.0)

    result = measure([field], tmp_path / "run", model=model, samples=20)

    assert read_run(tmp_path / "run").notes["samples_used"] == 8
    assert any("20 samples were asked for" in warning for warning in result.warnings)


def test_swapped_channels_give_no_number_in_any_sample(tmp_path, model) -> None:
    field = write_field(tmp_path, "A01", 0.3, swap=True)

    measure([field], tmp_path / "run", model=model, samples=2)

    assert {row["ratio"] for row in table(tmp_path / "run", "samples.csv")} == {"nan"}


def test_stack_with_a_model_is_told(tmp_path, model) -> None:
    good, deep = write_field(tmp_path, "A01", 1.0), write_field(tmp_path, "A02", 1.0)
    path = Path(deep.channels["protein"].path)
    with open_image(path) as source:
        plane = source.plane(0, 0, 0, 0)
    write_image_of(path, np.stack([plane, plane])[None, None])

    measure([good, deep], tmp_path / "run", model=model)

    assert "Z stack" in table(tmp_path / "run", "wells.csv")[1]["note"]


def test_unknown_model_is_refused(tmp_path, model) -> None:
    field = write_field(tmp_path, "A01", 1.0)

    with pytest.raises(InvalidParameter, match="nobody"):
        measure([field], tmp_path / "run", model=ModelRef("nobody", "0"))


def test_samples_of_a_posterior_are_measured_as_those_of_any_model(tmp_path, model) -> None:
    field = write_field(tmp_path, "A01", 1.0)
    with sampler_known_here():
        sampler = install_sampler(tmp_path / "home" / "models").ref

        measure([field], tmp_path / "run", model=sampler, samples=3)

    rows = table(tmp_path / "run", "samples.csv")
    assert {row["sample"] for row in rows} == {"0", "1", "2"}
    assert len({row["ratio"] for row in rows if row["object_id"] == rows[0]["object_id"]}) == 3
    notes = read_run(tmp_path / "run").notes
    assert (notes["claim"], notes["spread_label"]) == ("posterior", "Spread of the samples")


def test_one_sample_of_a_posterior_is_said_to_be_one(tmp_path, model) -> None:
    field = write_field(tmp_path, "A01", 1.0)
    with sampler_known_here():
        sampler = install_sampler(tmp_path / "home" / "models").ref

        result = measure([field], tmp_path / "run", model=sampler)

    assert any("one sample of many possible ones" in text for text in result.warnings)
