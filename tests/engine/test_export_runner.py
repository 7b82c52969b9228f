"""Exports: what stands in the user's folder afterwards, how it is called, and what it says."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import roifile
import tifffile
import zarr
from PIL import Image

from fakes.method import MODEL_ID, install_fake_model, known_here
from superlens.core.blinding import Mask
from superlens.core.errors import (
    InvalidInput,
    InvalidParameter,
    JobCancelled,
    MissingFile,
    UnsupportedImage,
)
from superlens.core.jobs import (
    ComputePolicy,
    DeviceChoice,
    ExportFormat,
    ExportRequest,
    FieldInput,
    FigureChoice,
    InputImage,
    JobKind,
    MeasureRequest,
    RestoreRequest,
    WhenTaken,
)
from superlens.core.records import ChannelInfo, ResultRecord
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.engine.export_plan import taken_names
from superlens.engine.run_record import Beginning, finished_run
from superlens.io import imagej_writer
from superlens.io.image_metadata import Acquisition, ImageMetadata, acquisition_of
from superlens.io.image_writer import write_image
from superlens.io.images import open_image, probe
from superlens.io.runs import create_run, read_run, request_of

LENS = Acquisition("Plan Apo 60x/1.42", 60.0, 1.42, 0.5, "2026-03-01T10:20:30+01:00")
CHANNELS = (ChannelInfo("DAPI", 461.0, 405.0, "#0000FF"), ChannelInfo("GFP", 525.0, 488.0))
SIZES = PixelSizes(0.3, 0.1, 0.1, PixelSizeOrigin.REPORTED, "test")
STEM = f"cell_SR_{MODEL_ID}_2x"


@pytest.fixture(scope="module")
def restored(tmp_path_factory) -> Path:
    """A run over two channels, with spread and residual; its input lies in `raw/plate 1`."""
    folder = tmp_path_factory.mktemp("restored")
    with pytest.MonkeyPatch.context() as patch, known_here():
        patch.setenv("SUPERLENS_HOME", str(folder / "home"))
        card = install_fake_model(folder / "home" / "models")
        path = folder / "raw" / "plate 1" / "cell.ome.tif"
        pixels = np.random.default_rng(0).integers(90, 900, (1, 2, 2, 64, 72), np.uint16)
        write_image(path, pixels, ImageMetadata(SIZES, CHANNELS, "raw", acquisition=LENS))
        compute = ComputePolicy(DeviceChoice.CPU, 1)
        request = RestoreRequest(
            InputImage(str(path)), card.ref, str(folder / "run"), samples=2, seed=7, compute=compute
        )
        execute("job", request, JobContext("job", lambda event: None))
    return folder / "run"


@pytest.fixture
def names_in() -> Callable[[Path], list[str]]:
    """Give the names of what lies in a folder, sorted."""
    return lambda folder: sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "for others"


def export(request: ExportRequest, control: JobControl | None = None) -> ResultRecord:
    return execute("job", request, JobContext("job", lambda event: None, control))


def pixels_of(path: Path) -> np.ndarray:
    with open_image(path) as source:
        info = source.info.scenes[0]
        sizes = [range(info.size(axis)) for axis in "TCZ"]
        return np.array(
            [[[source.plane(0, t, c, z) for z in sizes[2]] for c in sizes[1]] for t in sizes[0]]
        )


def facts_in(path: Path) -> str:
    with tifffile.TiffFile(path) as tif:
        return str(tif.ome_metadata)


# ---- formats ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file_format", "ending"),
    [
        (ExportFormat.OME_TIFF, ".ome.tif"),
        (ExportFormat.OME_ZARR_05, ".ome.zarr"),
        (ExportFormat.OME_ZARR_04, ".ome.zarr"),
        (ExportFormat.IMAGEJ, ".tif"),
    ],
)
def test_pictures_of_a_run_come_out_equal_and_well_named(
    restored: Path, out: Path, names_in, file_format: ExportFormat, ending: str
) -> None:
    result = export(ExportRequest(str(restored), str(out), file_format))

    assert names_in(out) == sorted(f"{STEM}{part}{ending}" for part in ("", "_spread", "_residual"))
    assert [(file.role, file.path) for file in result.files] == [
        ("mean", f"{STEM}{ending}"),
        ("spread", f"{STEM}_spread{ending}"),
        ("residual", f"{STEM}_residual{ending}"),
    ]
    assert result.folder == str(out)
    for part in ("mean", "spread"):
        target = out / next(file.path for file in result.files if file.role == part)
        np.testing.assert_array_equal(pixels_of(target), pixels_of(restored / f"{part}.ome.tif"))
        sizes = probe(target).scenes[0].pixel_sizes
        assert (sizes.z, sizes.x) == pytest.approx((0.3, 0.05))


def test_copy_says_what_the_microscope_and_the_model_said(restored: Path, out: Path) -> None:
    export(ExportRequest(str(restored), str(out), roles=("spread",)))

    path = out / f"{STEM}_spread.ome.tif"
    (scene,) = probe(path).scenes
    assert scene.channels == CHANNELS
    assert acquisition_of(scene) == LENS
    xml = facts_in(path)
    assert "computationally super-resolved" in xml
    assert '<M K="Seed">7</M>' in xml
    assert '<M K="Picture">spread</M>' in xml
    assert "Spread: " in xml


def test_zarr_is_read_by_an_independent_reader(restored: Path, out: Path) -> None:
    request = ExportRequest(str(restored), str(out), ExportFormat.OME_ZARR_05, ("mean",))

    export(replace(request, is_sharded=False))

    group = zarr.open_group(str(out / f"{STEM}.ome.zarr"), mode="r")
    assert group["0"].shape == (1, 2, 2, 128, 144)
    assert group["0"].shards is None
    assert dict(group.attrs)["superlens"]["provenance"]["Model"] == MODEL_ID


def test_picture_of_a_run_is_known_as_such_by_its_place(restored: Path, out: Path) -> None:
    export(ExportRequest(str(restored / "spread.ome.tif"), str(out)))

    path = out / f"{STEM}_spread.ome.tif"
    assert '<M K="Model">' in facts_in(path)


@pytest.mark.parametrize("through", [ExportFormat.OME_TIFF, ExportFormat.OME_ZARR_05])
def test_copy_of_a_copy_still_says_what_made_it(
    restored: Path, out: Path, through: ExportFormat
) -> None:
    first = export(ExportRequest(str(restored), str(out), through, ("mean",)))

    export(ExportRequest(str(out / first.files[0].path), str(out / "again")))

    path = out / "again" / f"{STEM}.ome.tif"
    assert f'<M K="Model">{MODEL_ID}</M>' in facts_in(path)
    assert f'<M K="Copied from">{first.files[0].path}</M>' in facts_in(path)
    assert "computationally super-resolved" in probe_description(path)


def test_16_bits_keep_every_value_within_half_a_step(restored: Path, out: Path) -> None:
    export(ExportRequest(str(restored), str(out), roles=("mean",), is_16_bit=True))

    path = out / f"{STEM}.ome.tif"
    xml = facts_in(path)
    scale, offset = (float(xml.split(f'K="Value {name}">')[1].split("<")[0]) for name in WORDS)
    stored, wanted = pixels_of(path), pixels_of(restored / "mean.ome.tif")
    assert stored.dtype == np.uint16
    assert (stored.min(), stored.max()) == (0, 65535)
    # Rounding to the nearest of 65,536 steps is off by at most half of one.
    assert np.abs(stored * scale + offset - wanted).max() <= scale / 2 * (1 + 1e-6)
    assert "value = " in probe_description(path)


WORDS = ("scale", "offset")


def probe_description(path: Path) -> str:
    return facts_in(path).split("<Description>")[1].split("</Description>")[0]


def test_16_bits_in_imagej_are_calibrated(restored: Path, out: Path) -> None:
    request = ExportRequest(str(restored), str(out), ExportFormat.IMAGEJ, ("mean",), is_16_bit=True)

    export(request)

    with tifffile.TiffFile(out / f"{STEM}.tif") as tif:
        said = tif.imagej_metadata or {}
        stored = tif.asarray().transpose(1, 0, 2, 3)
    wanted = pixels_of(restored / "mean.ome.tif")[0]
    np.testing.assert_allclose(stored * said["c1"] + said["c0"], wanted, atol=said["c1"])


def test_figure_shows_input_answer_and_spread_of_every_channel(restored: Path, out: Path) -> None:
    result = export(ExportRequest(str(restored), str(out), ExportFormat.PNG, ("mean", "spread")))

    assert [file.path for file in result.files] == [f"{STEM}.png"]
    with Image.open(out / f"{STEM}.png") as picture:
        picture.load()
        texts = picture.text
        assert picture.info["dpi"][0] == pytest.approx(300, abs=0.1)
        # Three panels of 576 (4 x 144) px in a row, with gaps.
        assert 3 * 576 < picture.width < 3 * 576 + 200
        assert picture.height > 2 * 512
    assert "computationally super-resolved" in texts["Description"]
    assert texts["Model"] == MODEL_ID


def test_figure_of_a_run_takes_the_chosen_channel_and_contrast(restored: Path, out: Path) -> None:
    choice = FigureChoice(channels=(1,), luts=("magenta",), limits=((1e6, 2e6),))
    request = ExportRequest(str(restored), str(out), ExportFormat.PNG, ("mean",), figure=choice)

    export(request)

    with Image.open(out / f"{STEM}.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape[0] < 2 * 512
    # Nothing reaches limits so high: the panels are black, but for letters and scale bars.
    assert pixels[100:300, 100:400].max() == 0


def test_figure_leaves_out_an_input_that_is_gone(restored: Path, out: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "moved run"
    shutil.copytree(restored, elsewhere)
    document = (elsewhere / "job.json").read_text("utf-8").replace("cell.ome.tif", "gone.ome.tif")
    (elsewhere / "job.json").write_text(document, "utf-8")

    result = export(ExportRequest(str(elsewhere), str(out), ExportFormat.PNG, ("mean",)))

    assert any("leaves out the input" in warning for warning in result.warnings)
    assert (out / f"gone_SR_{MODEL_ID}_2x.png").is_file()


# ---- plain images -------------------------------------------------------------------------------


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "raw" / "day 2" / "dish µ.ome.tif"
    pixels = np.random.default_rng(0).integers(0, 4000, (1, 2, 1, 40, 50), np.uint16)
    write_image(path, pixels, ImageMetadata(SIZES, CHANNELS, "raw", acquisition=LENS))
    return path


def test_plain_image_keeps_its_name_values_and_metadata(image: Path, out: Path) -> None:
    export(ExportRequest(str(image), str(out), ExportFormat.OME_ZARR_04))

    target = out / "dish µ.ome.zarr"
    np.testing.assert_array_equal(pixels_of(target), pixels_of(image))
    assert probe(target).scenes[0].channels[1].emission_nm == 525.0


def test_pixel_size_that_was_entered_goes_along(image: Path, out: Path) -> None:
    export(ExportRequest(str(image), str(out), pixel_size_um=0.25))

    assert probe(out / "dish µ.ome.tif").scenes[0].pixel_sizes.x == 0.25


def test_folders_are_mirrored_when_wanted(image: Path, restored: Path, out: Path) -> None:
    export(ExportRequest(str(image), str(out), mirrored=str(image.parents[1])))
    export(
        ExportRequest(
            str(restored), str(out), roles=("mean",), mirrored=str(restored.parent / "raw")
        )
    )

    assert (out / "day 2" / "dish µ.ome.tif").is_file()
    assert (out / "plate 1" / f"{STEM}.ome.tif").is_file()


def test_image_outside_the_mirrored_folder_is_told(image: Path, out: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="does not lie in"):
        export(ExportRequest(str(image), str(out), mirrored=str(tmp_path / "else")))


def test_every_scene_becomes_a_file_or_one_that_is_chosen(
    tmp_path: Path, out: Path, names_in
) -> None:
    path = tmp_path / "two.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        for name, value in (("left", 3), ("right", 5)):
            writer.write(np.full((20, 30), value, np.uint8), metadata={"axes": "YX", "Name": name})

    export(ExportRequest(str(path), str(out)))
    export(ExportRequest(str(path), str(out / "one"), scene=1))

    assert names_in(out) == ["one", "two_left.ome.tif", "two_right.ome.tif"]
    assert pixels_of(out / "two_right.ome.tif").max() == 5
    assert names_in(out / "one") == ["two_right.ome.tif"]
    with pytest.raises(InvalidParameter, match="no scene 2"):
        export(ExportRequest(str(path), str(out), scene=2))


def test_type_that_imagej_lacks_is_stored_in_the_nearest(tmp_path: Path, out: Path) -> None:
    small, large = tmp_path / "small.ome.tif", tmp_path / "large.ome.tif"
    metadata = ImageMetadata(SIZES, CHANNELS[:1], "")
    write_image(small, np.full((1, 1, 1, 8, 8), -7, np.int16), metadata)
    write_image(large, np.full((1, 1, 1, 8, 8), 2**24 + 1, np.int32), metadata)

    exact = export(ExportRequest(str(small), str(out), ExportFormat.IMAGEJ))
    rounded = export(ExportRequest(str(large), str(out), ExportFormat.IMAGEJ))

    assert pixels_of(out / "small.tif").max() == -7
    assert exact.warnings == ()
    assert any("rounded to float32" in warning for warning in rounded.warnings)


def test_outlines_of_labels_go_beside_an_imagej_file(
    image: Path, out: Path, tmp_path: Path
) -> None:
    labels = np.zeros((40, 50), np.int32)
    labels[5:10, 6:20] = 3
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    request = ExportRequest(str(image), str(out), ExportFormat.IMAGEJ)

    result = export(replace(request, labels=str(tmp_path / "labels.tif")))

    assert [file.path for file in result.files] == ["dish µ.tif", "dish µ_RoiSet.zip"]
    (roi,) = roifile.roiread(out / "dish µ_RoiSet.zip")
    assert (roi.name, roi.left, roi.top) == ("3", 6, 5)


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """A measurement of one field with one object."""
    channels = {"dna": InputImage("C:\\screen\\treated_1.tif")}
    fields = (FieldInput("A01", "treated_1", channels),)
    request = MeasureRequest("translocation", fields, str(tmp_path / "measured"))
    with create_run(tmp_path / "measured") as folder:
        labels = np.zeros((30, 30), np.int32)
        labels[4:9, 4:9] = 1
        Image.fromarray(labels, mode="I").save(folder.file("labels", "labels/A01_treated_1.tif"))
        result = ResultRecord("m", JobKind.MEASURE.value, str(folder.out), folder.files)
        notes = {"overlay_pixel_um": 0.25, "assay": "translocation"}
        folder.publish(finished_run(request, result, Beginning(), notes))
    return tmp_path / "measured"


def test_outlines_of_a_measurement_are_its_export_to_imagej(measured: Path, out: Path) -> None:
    export(ExportRequest(str(measured), str(out), ExportFormat.IMAGEJ))

    assert [roi.name for roi in roifile.roiread(out / "A01_treated_1_RoiSet.zip")] == ["1"]
    with pytest.raises(InvalidInput, match="holds nothing for png") as caught:
        export(ExportRequest(str(measured), str(out), ExportFormat.PNG))
    assert "geojson" in caught.value.advice


def test_labels_of_a_measurement_are_an_image_with_its_pixel_size(
    measured: Path, out: Path
) -> None:
    export(ExportRequest(str(measured), str(out)))

    path = out / "A01_treated_1_labels.ome.tif"
    with open_image(path) as image:
        plane = image.plane(0, 0, 0, 0)
        size = image.info.scenes[0].pixel_sizes.lateral_um
    assert (plane.sum(), plane[4, 4], plane.dtype) == (25, 1, np.uint16)
    assert size == pytest.approx(0.25)
    assert "translocation" in facts_in(path)


def test_objects_of_a_measurement_go_to_qupath(measured: Path, out: Path) -> None:
    export(ExportRequest(str(measured), str(out), ExportFormat.GEOJSON))

    document = json.loads((out / "A01_treated_1.geojson").read_text(encoding="utf-8"))
    (feature,) = document["features"]
    assert [4, 4] in feature["geometry"]["coordinates"][0]


def test_label_image_itself_goes_to_qupath(tmp_path: Path, out: Path) -> None:
    tifffile.imwrite(tmp_path / "cells.tif", np.eye(6, dtype=np.uint8))

    result = export(ExportRequest(str(tmp_path / "cells.tif"), str(out), ExportFormat.GEOJSON))

    assert [file.path for file in result.files] == ["cells.geojson"]


def test_blinded_copies_bear_codes_and_say_no_name(
    restored: Path, measured: Path, image: Path, out: Path, names_in
) -> None:
    request = request_of(read_run(restored))
    assert isinstance(request, RestoreRequest)
    mask = Mask(7, {request.input.path: "K7QF-2MWD", str(image): "CCCC-CCCC"})
    for source in (restored, measured, image):
        export(ExportRequest(str(source), str(out), mask=mask))
    export(ExportRequest(str(image), str(out), ExportFormat.PNG, mask=mask))

    names = names_in(out)
    field_code = mask.file("C:\\screen\\treated_1.tif")
    assert f"{mask.text('A01')}_{field_code}_labels.ome.tif" in names
    assert f"K7QF-2MWD_SR_{MODEL_ID}_2x.ome.tif" in names
    assert "CCCC-CCCC.ome.tif" in names
    for path in out.iterdir():
        data = path.read_bytes()
        assert not any(word in data for word in (b"cell.ome", b"dish", b"treated", b"A01"))
        assert str(read_run(restored).notes["input_sha256"]).encode() not in data


def test_labels_that_are_none_are_told(image: Path, out: Path) -> None:
    request = ExportRequest(str(image), str(out), ExportFormat.IMAGEJ)
    grey = out.parent / "grey.tif"
    tifffile.imwrite(grey, np.ones((4, 4), np.float32))

    with pytest.raises(UnsupportedImage, match="no labelled objects"):
        export(replace(request, labels=str(grey)))


# ---- what stands already ------------------------------------------------------------------------


@pytest.fixture
def once(image: Path, out: Path) -> ExportRequest:
    """A request that was done once; its file was made a mark since."""
    request = ExportRequest(str(image), str(out))
    export(request)
    (out / "dish µ.ome.tif").write_bytes(b"mark")
    return request


def test_asking_names_the_files_and_writes_nothing(once: ExportRequest, out: Path) -> None:
    with pytest.raises(InvalidInput, match=r"dish µ\.ome\.tif in .* would be replaced"):
        export(once)

    assert taken_names(once) == ("dish µ.ome.tif",)
    assert (out / "dish µ.ome.tif").read_bytes() == b"mark"


def test_skipping_leaves_the_file_and_says_so(once: ExportRequest, out: Path) -> None:
    result = export(replace(once, when_taken=WhenTaken.SKIP))

    assert result.files == ()
    assert result.warnings == ("dish µ.ome.tif stands already and was skipped",)
    assert (out / "dish µ.ome.tif").read_bytes() == b"mark"


def test_replacing_replaces(once: ExportRequest, out: Path, image: Path) -> None:
    export(replace(once, when_taken=WhenTaken.REPLACE))

    np.testing.assert_array_equal(pixels_of(out / "dish µ.ome.tif"), pixels_of(image))


def test_renaming_numbers_all_files_of_an_export_alike(restored: Path, out: Path, names_in) -> None:
    request = ExportRequest(str(restored), str(out), roles=("mean", "spread"))
    export(request)
    (out / f"{STEM}.ome.tif").unlink()

    export(replace(request, when_taken=WhenTaken.RENAME))

    assert names_in(out) == sorted(
        f"{STEM}{part}.ome.tif" for part in ("-2", "_spread", "_spread-2")
    )


def test_image_is_never_replaced_by_its_own_copy(image: Path) -> None:
    before = image.read_bytes()

    with pytest.raises(InvalidInput, match="its own copy"):
        export(ExportRequest(str(image), str(image.parent), when_taken=WhenTaken.REPLACE))

    assert image.read_bytes() == before


def test_folder_of_other_things_is_never_replaced(image: Path, out: Path) -> None:
    (out / "dish µ.ome.zarr").mkdir(parents=True)
    (out / "dish µ.ome.zarr" / "thesis.txt").write_text("years of work")
    request = ExportRequest(str(image), str(out), ExportFormat.OME_ZARR_05)

    with pytest.raises(InvalidInput, match="holds no OME-Zarr image"):
        export(replace(request, when_taken=WhenTaken.REPLACE))

    assert (out / "dish µ.ome.zarr" / "thesis.txt").read_text() == "years of work"


def test_older_zarr_is_replaced(image: Path, out: Path, names_in) -> None:
    request = ExportRequest(str(image), str(out), ExportFormat.OME_ZARR_04)
    export(request)

    export(replace(request, file_format=ExportFormat.OME_ZARR_05, when_taken=WhenTaken.REPLACE))

    assert names_in(out) == ["dish µ.ome.zarr"]
    assert probe(out / "dish µ.ome.zarr").format == "OME-Zarr 0.5"


# ---- failures -----------------------------------------------------------------------------------


def test_what_is_not_there_is_told(tmp_path: Path, restored: Path, out: Path) -> None:
    with pytest.raises(MissingFile, match="no run and no image"):
        export(ExportRequest(str(tmp_path / "gone"), str(out)))
    with pytest.raises(InvalidInput, match="holds no sample") as caught:
        export(ExportRequest(str(restored), str(out), roles=("sample",)))
    assert "mean" in caught.value.advice


def test_folder_that_cannot_be_written_is_told(image: Path, out: Path) -> None:
    out.write_text("a file in the way")

    with pytest.raises(InvalidInput, match="cannot be written"):
        export(ExportRequest(str(image), str(out)))


def test_damaged_run_document_nearby_does_not_matter(image: Path, out: Path) -> None:
    (image.parent / "job.json").write_text("no JSON")

    export(ExportRequest(str(image), str(out)))

    assert (out / "dish µ.ome.tif").is_file()


def test_colour_picture_is_refused_with_advice(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "colour.png"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)

    with pytest.raises(UnsupportedImage, match="colour picture"):
        export(ExportRequest(str(path), str(out)))
    with pytest.raises(UnsupportedImage, match="colour picture"):
        export(ExportRequest(str(path), str(out), ExportFormat.PNG))


def test_numbers_that_are_not_finite_do_not_become_16_bit(
    tmp_path: Path, out: Path, names_in
) -> None:
    path = tmp_path / "nan.ome.tif"
    write_image(
        path, np.full((1, 1, 1, 8, 8), np.nan, np.float32), ImageMetadata(SIZES, CHANNELS[:1], "")
    )

    with pytest.raises(InvalidInput, match="NaN"):
        export(ExportRequest(str(path), str(out), is_16_bit=True))

    assert names_in(out) == []


def test_picture_too_large_for_imagej_is_refused_before_it_is_read(
    image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagej_writer, "_MOST_BYTES", 100)

    with pytest.raises(InvalidInput, match="an ImageJ TIFF holds"):
        export(ExportRequest(str(image), str(out), ExportFormat.IMAGEJ))

    assert not out.exists()


def test_cancelled_export_leaves_no_part(image: Path, out: Path, names_in) -> None:
    control = JobControl()
    seen: list[str] = []

    def cancel_while_writing(event) -> None:
        if getattr(event, "phase", "") == "Writing":
            seen.append("writing")
            control.cancel()

    request = ExportRequest(str(image), str(out), ExportFormat.OME_ZARR_05)
    with pytest.raises(JobCancelled):
        execute("job", request, JobContext("job", cancel_while_writing, control))

    assert seen
    assert names_in(out) == []


def test_figure_of_an_image_shows_its_channels_in_their_colours(image: Path, out: Path) -> None:
    export(ExportRequest(str(image), str(out), ExportFormat.PNG))

    with Image.open(io.BytesIO((out / "dish µ.png").read_bytes())) as picture:
        pixels = np.asarray(picture)
    half = pixels.shape[1] // 2
    left, right = pixels[60:300, 40 : half - 60], pixels[60:300, half + 40 : -60]
    # DAPI is blue, as its file says; GFP states no colour and is grey.
    assert left[..., :2].max() == 0
    assert left[..., 2].max() > 200
    assert (right[..., 0] == right[..., 2]).all()


def test_figure_shows_the_chosen_plane_in_the_chosen_colours(tmp_path: Path, out: Path) -> None:
    stack = np.zeros((2, 1, 3, 64, 64), np.uint16)  # (T, C, Z, Y, X)
    stack[1, 0, 2] = 50
    path = tmp_path / "stack.ome.tif"
    write_image(path, stack, ImageMetadata(SIZES, CHANNELS[1:], ""))
    choice = FigureChoice(z=2, t=1, luts=("#FF0000",), limits=((0.0, 100.0),))
    request = ExportRequest(str(path), str(out), ExportFormat.PNG, figure=choice)

    export(request)

    with Image.open(out / "stack.png") as picture:
        pixel = np.asarray(picture)[200, 200]
    assert tuple(pixel) == (128, 0, 0)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (FigureChoice(z=1), "no Z = 1"),
        (FigureChoice(t=4), "no T = 4"),
        (FigureChoice(channels=(2,)), "no channel 2"),
        (FigureChoice(luts=("pink",)), "no look-up table 'pink'"),
    ],
)
def test_figure_of_what_is_not_there_is_told(
    image: Path, out: Path, choice: FigureChoice, words: str
) -> None:
    request = ExportRequest(str(image), str(out), ExportFormat.PNG, figure=choice)

    with pytest.raises(InvalidParameter, match=words):
        export(request)


def test_axes_that_were_named_reach_the_copy(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, np.zeros((5, 32, 32), np.uint16), metadata=None)

    export(ExportRequest(str(path), str(out), axes="TYX"))

    assert probe(out / "movie.ome.tif").scenes[0].size("T") == 5
