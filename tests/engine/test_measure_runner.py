import math
from pathlib import Path

import numpy as np
import pytest

from assay.drawn_cells import draw, lattice
from engine.measured_plates import (
    PLATE,
    RATIOS,
    document,
    measure,
    table,
    write_field,
    write_image_of,
)
from shared_data import require_shared_data
from superlens.assay import nuclei_found
from superlens.assay.catalogue import assay_spec
from superlens.assay.translocation import runtime
from superlens.core.assay import WellInfo, WellRole
from superlens.core.errors import InvalidInput, InvalidParameter, JobCancelled
from superlens.core.jobs import (
    FieldInput,
    InputImage,
    MeasureRequest,
)
from superlens.core.messages import Accepted, Progress
from superlens.engine import field_reading, measure_output
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.engine.runners.measure import NO_PIXEL_SIZE
from superlens.io.images import open_image
from superlens.io.plate_map import read_plate_map
from superlens.io.runs import create_run, read_run, request_of


@pytest.fixture
def plate_fields(tmp_path):
    return tuple(write_field(tmp_path, well, ratio) for well, ratio in RATIOS.items())


# ---- a plate ------------------------------------------------------------------------------------


def test_wells_get_their_ratio_and_rank_with_dose(tmp_path, plate_fields) -> None:
    result = measure(plate_fields, tmp_path / "run", plate=PLATE)

    wells = table(tmp_path / "run", "wells.csv")
    assert [row["well"] for row in wells] == list(RATIOS)
    values = [float(row["value"]) for row in wells]
    assert values == pytest.approx(list(RATIOS.values()), rel=0.1)
    assert all(float(row["lo"]) <= float(row["value"]) <= float(row["hi"]) for row in wells)
    assert wells[0]["role"] == "negative"
    assert (wells[3]["dose"], wells[3]["dose_unit"]) == ("10.0", "nM")
    statistics = document(tmp_path / "run")["statistics"]["drug"]
    assert statistics["spearman"] > 0.9
    assert statistics["z_prime"] > 0.5
    assert statistics["spearman_dose_only"]["value"] is None
    assert statistics["spearman_dose_only"]["note"] == "Fewer than three values"
    assert {number.name for number in result.numbers} == {
        "Z′, drug",
        "Spearman over dose, drug",
        "Wells",
        "Objects",
    }


def test_statistics_hold_what_the_command_line_prints(tmp_path, plate_fields) -> None:
    measure(plate_fields, tmp_path / "run", plate=PLATE, level=0.8)

    found = document(tmp_path / "run")
    assert found["interval"] == {"level": 0.8, "sources": ["cells"], "shares": {"cells": 1.0}}
    assert {"well", "value", "lo", "hi", "unit", "n_objects"} <= found["wells"][0].keys()
    assert found["wells"][0]["n_objects"] == 9
    assert found["counts"]["drug"]["wells"] == {"negative": 2, "dose": 2, "positive": 2}
    units = {feature["name"]: feature["unit"] for feature in found["features"]}
    assert (units["ratio"], units["nucleus_area"]) == ("", "px²")


def test_objects_are_listed_with_their_place_and_unit(tmp_path, plate_fields) -> None:
    measure(plate_fields, tmp_path / "run")

    rows = table(tmp_path / "run", "objects.csv")
    assert len(rows) == 54
    features = [feature.name for feature in assay_spec("translocation").features]
    assert list(rows[0]) == ["well", "field", "object_id", *features, "length_unit", "note"]
    assert rows[0]["length_unit"] == "px"
    assert float(rows[0]["nucleus_area"]) == pytest.approx(np.pi * 8**2, rel=0.15)


def test_run_folder_is_complete_and_says_what_was_done(tmp_path, plate_fields) -> None:
    events = []
    result = measure(plate_fields, tmp_path / "run", events, plate=PLATE)

    run = read_run(tmp_path / "run")
    assert run.result.files == result.files
    for file in result.files:
        assert (tmp_path / "run" / file.path).is_file()
    roles = [file.role for file in result.files]
    assert roles.count("labels") == roles.count("overlay") == 6
    assert {"objects", "wells", "statistics", "log"} <= set(roles)
    assert run.notes["length_unit"] == "px"
    assert run.notes["objects"] == 54
    assert result.warnings == (NO_PIXEL_SIZE,)
    accepted = next(event for event in events if isinstance(event, Accepted))
    assert "Nuclear translocation in 6 fields of 6 wells" in accepted.plan
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert last.done == last.total
    assert not (tmp_path / "run.partial").exists()


def test_saved_request_names_every_file_with_its_hash_and_gives_the_same_numbers(
    tmp_path, plate_fields
) -> None:
    measure(plate_fields, tmp_path / "run", plate=PLATE, seed=3)

    again = request_of(read_run(tmp_path / "run"))
    hashes = [image.sha256 for field in again.fields for image in field.channels.values()]
    execute(
        "again",
        MeasureRequest(**{**_fields_of(again), "out": str(tmp_path / "again")}),
        JobContext("again", lambda event: None),
    )

    assert all(hashes)
    for name in ("wells.csv", "objects.csv", "statistics.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


def _fields_of(record):
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def test_labels_can_be_read_and_hold_the_objects(tmp_path) -> None:
    field = write_field(tmp_path, "A01", 1.0, name="up/left 2")
    measure([field], tmp_path / "run")

    with open_image(tmp_path / "run" / "labels" / "A01_up_left_2.tif") as source:
        labels = source.plane(0, 0, 0, 0)
    ids = {int(row["object_id"]) for row in table(tmp_path / "run", "objects.csv")}
    assert ids == set(np.unique(labels)) - {0}


def test_pixel_size_of_the_file_or_the_user_gives_micrometres(tmp_path) -> None:
    field = write_field(tmp_path, "A01", 1.0, pixel_um=0.5)
    entered = {
        role: InputImage(image.path, pixel_size_um=1.0) for role, image in field.channels.items()
    }

    of_file = measure([field], tmp_path / "file")
    of_user = measure([FieldInput("A01", "1", entered)], tmp_path / "user")

    areas = [
        float(table(tmp_path / name, "objects.csv")[0]["nucleus_area"]) for name in ("file", "user")
    ]
    assert areas[1] == pytest.approx(4 * areas[0])
    assert table(tmp_path / "file", "wells.csv")[0]["length_unit"] == "µm"
    assert of_file.warnings == of_user.warnings == ()
    assert read_run(tmp_path / "user").notes["overlay_pixel_um"] == 1.0


def test_several_fields_of_a_well_are_a_source_of_their_own(tmp_path) -> None:
    fields = [write_field(tmp_path, "A01", ratio, str(n)) for n, ratio in enumerate((0.8, 1.2, 1))]

    measure(fields, tmp_path / "run")

    found = document(tmp_path / "run")
    assert found["interval"]["sources"] == ["cells", "fields"]
    assert found["wells"][0]["n_fields"] == 3
    assert found["wells"][0]["shares"]["fields"] > 0.5
    row = table(tmp_path / "run", "wells.csv")[0]
    assert float(row["share_fields"]) > 0.5
    assert row["share_reconstruction"] == ""


# ---- images of other kinds ----------------------------------------------------------------------


def test_channels_inside_one_file_are_read(tmp_path) -> None:
    channels = draw(lattice(nucleus=600.0, cytoplasm=300.0), noise=1.0)
    path = write_image_of(tmp_path / "a.tif", np.stack([channels["protein"], channels["dna"]]))
    field = FieldInput(
        "A01",
        "1",
        {"dna": InputImage(str(path), channel=1), "protein": InputImage(str(path), channel=0)},
    )

    measure([field], tmp_path / "run")

    assert document(tmp_path / "run")["wells"][0]["value"] == pytest.approx(2.0, rel=0.1)


def test_stack_is_projected_and_of_a_series_the_first_point_counts(tmp_path) -> None:
    field = write_field(tmp_path, "A01", 1.0)
    for image in field.channels.values():
        with open_image(Path(image.path)) as source:
            plane = source.plane(0, 0, 0, 0)
        stack = np.zeros((2, 1, 3, *plane.shape), np.uint16)
        stack[0, 0, 1] = plane
        write_image_of(Path(image.path), stack)

    result = measure([field], tmp_path / "run")

    assert document(tmp_path / "run")["wells"][0]["value"] == pytest.approx(1.0, rel=0.1)
    assert {field_reading.PROJECTED, field_reading.FIRST_TIME} <= set(result.warnings)


def bad_fields(folder, good):
    """Give fields that cannot be measured and what is said of each."""
    small = write_image_of(folder / "small.tif", np.ones((1, 40, 40)))
    double = write_image_of(folder / "double.tif", np.ones((2, 160, 160)))
    (folder / "broken.tif").write_bytes(b"II*\0")
    empty = write_image_of(folder / "empty.tif", np.full((1, 160, 160), 7))
    dna, protein = good.channels["dna"], good.channels["protein"]
    return (
        ({"dna": InputImage(str(folder / "gone.tif")), "protein": protein}, "gone.tif"),
        ({"dna": InputImage(str(folder / "broken.tif")), "protein": protein}, "broken.tif"),
        ({"dna": dna, "protein": InputImage(str(small))}, "The channels differ in size"),
        ({"dna": dna, "protein": InputImage(str(double))}, "double.tif has several channels"),
        ({"dna": dna}, "There is no image for the Protein"),
        ({"dna": InputImage(str(empty)), "protein": protein}, nuclei_found.NO_NUCLEI),
        ({"dna": InputImage(dna.path, sha256="0" * 64), "protein": protein}, "changed since"),
    )


def test_field_that_fails_leaves_a_sentence_and_the_others_are_measured(tmp_path) -> None:
    good = write_field(tmp_path, "A01", 1.0)
    cases = bad_fields(tmp_path, good)
    bad = [FieldInput(f"B{n:02d}", "7", case[0]) for n, case in enumerate(cases, 1)]

    measure([good, *bad], tmp_path / "run")

    wells = {row["well"]: row for row in table(tmp_path / "run", "wells.csv")}
    assert wells["A01"]["n_objects"] == "9"
    assert len(wells) == 1 + len(bad)
    for number, (_, sentence) in enumerate(cases, 1):
        row = wells[f"B{number:02d}"]
        assert math.isnan(float(row["value"]))
        assert row["note"].startswith("Field 7: ")
        assert sentence in row["note"]
    assert document(tmp_path / "run")["wells"][1]["value"] is None


def test_failing_field_of_a_well_is_told_beside_what_its_others_give(tmp_path) -> None:
    good = write_field(tmp_path, "A01", 1.0)
    bad = FieldInput("A01", "2", {"dna": good.channels["dna"]})

    measure([good, bad], tmp_path / "run")

    (row,) = table(tmp_path / "run", "wells.csv")
    assert row["n_objects"] == "9"
    assert row["note"] == "Field 2: There is no image for the Protein of interest"


def test_job_fails_when_no_field_can_be_measured(tmp_path) -> None:
    good = write_field(tmp_path, "A01", 1.0)
    bad = FieldInput("A01", "1", bad_fields(tmp_path, good)[0][0])

    with pytest.raises(InvalidInput, match="Nothing could be measured in the field"):
        measure([bad], tmp_path / "one")
    with pytest.raises(InvalidInput, match="any of the 2 fields"):
        measure([bad, bad], tmp_path / "two")

    assert not (tmp_path / "one").exists()
    assert not (tmp_path / "one.partial").exists()


def test_job_fails_when_no_cell_has_a_value(tmp_path) -> None:
    field = write_field(tmp_path, "A01", 1.0)

    with pytest.raises(InvalidInput, match=runtime.RING_TOO_SMALL):
        measure([field], tmp_path / "run", params={"smallest_ring_px": 9999})


def test_swapped_plate_gives_sentences_and_no_number(tmp_path) -> None:
    fields = [
        write_field(tmp_path, well, ratio, swap=True)
        for well, ratio in (("A01", 0.3), ("A02", 0.3), ("A12", 3.0))
    ]

    result = measure(fields, tmp_path / "run")

    assert runtime.SWAPPED in result.warnings
    for row in table(tmp_path / "run", "wells.csv"):
        assert math.isnan(float(row["value"]))
        assert runtime.SWAPPED in row["note"]


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"samples": 4}, "without a model"),
        ({"samples": -1}, "-1 samples"),
        ({"level": 1.0}, "level 1"),
        ({"params": {"ring_width_px": -5}}, "ring_width_px"),
        ({"params": {"ring": 5}}, "'ring'"),
    ],
)
def test_senseless_request_is_refused(tmp_path, plate_fields, changes, sentence) -> None:
    with pytest.raises(InvalidParameter, match=sentence):
        measure(plate_fields, tmp_path / "run", **changes)

    assert not (tmp_path / "run.partial").exists()


def test_plate_without_fields_is_refused(tmp_path) -> None:
    with pytest.raises(InvalidInput, match="no field"):
        measure([], tmp_path / "run")


def test_cancelled_job_leaves_nothing(tmp_path, plate_fields) -> None:
    control = JobControl()
    seen = []

    class Sink(list):
        def append(self, event):
            seen.append(event)
            if isinstance(event, Progress):  # on a fast machine only the first is sure to come
                control.cancel()

    with pytest.raises(JobCancelled):
        measure(plate_fields, tmp_path / "run", Sink(), control)

    assert seen
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "run.partial").exists()


# ---- pictures -----------------------------------------------------------------------------------


def test_few_wells_all_get_a_picture_and_many_get_one_of_every_kind() -> None:
    plate = [*PLATE, WellInfo("B01", "drug", 5.0), WellInfo("B02", role=WellRole.EMPTY)]
    plate += [WellInfo(f"C{n:02d}", "drug", float(n)) for n in range(1, 9)]
    names = [info.well for info in plate]

    assert measure_output.wells_to_draw(plate, names[:4]) == frozenset(names[:4])
    assert measure_output.wells_to_draw(plate, names) == {"A01", "B01", "A11"}
    assert measure_output.wells_to_draw((), names) == frozenset(names[:12])


def test_large_image_is_shown_by_its_middle() -> None:
    image = np.arange(1500 * 10).reshape(1500, 10)

    part = measure_output.overlay_part(image)

    assert part.shape == (1024, 10)
    assert part[0, 0] == image[238, 0]


def test_run_without_a_drawn_field_has_no_picture(tmp_path) -> None:
    with create_run(tmp_path / "run") as folder:
        measure_output.write_overlays(folder, ())

        assert folder.files == ()


# ---- the real plate -----------------------------------------------------------------------------


def measure_real(out, wanted):
    folder = require_shared_data("translocation/bbbc013")
    spec = assay_spec("translocation")
    plate = read_plate_map(folder / "plate_map.csv", folder, spec.channels_required)
    fields = [field for field in plate.fields if wanted(field.well)]
    measure(fields, out, plate=tuple(info for info in plate.wells if wanted(info.well)))
    return document(out)


@pytest.mark.slow
def test_real_plate_ranks_with_dose_and_separates_its_controls(tmp_path) -> None:
    found = measure_real(tmp_path / "run", lambda well: True)

    for compound in ("wortmannin", "LY294002"):
        statistics = found["statistics"][compound]
        assert statistics["spearman"] >= 0.9
        assert statistics["z_prime"] > 0.7
        assert statistics["spearman_dose_only"] > 0.85
    labelled = sum(
        len(np.unique(_plane(path))) - 1 for path in sorted((tmp_path / "run/labels").iterdir())
    )
    # Another program found 9,424 nuclei, fewer of those that the edge cuts.
    assert labelled == pytest.approx(9424, rel=0.05)
    assert found["length_unit"] == "px"


def _plane(path):
    with open_image(path) as source:
        return source.plane(0, 0, 0, 0)


def test_some_wells_of_the_real_plate_rank_with_dose(tmp_path) -> None:
    chosen = {"E01", "E02", "E04", "E06", "E07", "E09"}
    found = measure_real(tmp_path / "run", lambda well: well in chosen)

    assert found["statistics"]["LY294002"]["spearman"] >= 0.9
    assert found["statistics"]["LY294002"]["z_prime"]["note"].startswith("Only one positive")
    assert all(well["n_objects"] > 100 for well in found["wells"])
