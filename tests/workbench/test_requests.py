"""Requests are complete, and bad wishes are refused in words."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from superlens.core.assay import AssaySpec, ChannelRole, Direction, Feature
from superlens.core.cards import ModelCard, NormalisationKind, NormalisationRule, TrainedRange
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import FieldInput, InputImage, KeepSamples, Recipe, Roi, TrainRequest
from superlens.core.method import Citation, Claim
from superlens.core.parameters import describe, parameter
from superlens.core.records import ChannelInfo, ModelRef, SceneInfo
from superlens.core.units import PixelSizes
from superlens.io.codec import decode_request, encode
from superlens.methods.catalogue import method_spec
from superlens.workbench.requests import (
    MeasureOptions,
    RestoreOptions,
    field_of_scene,
    guess_channels,
    measure_request,
    new_run_folder,
    partial_of,
    plain_name,
    report_request,
    restore_request,
    restore_stem,
    run_folder_of,
)

MODEL = ModelCard(
    id="fine-x2",
    title="Fine",
    method="resrgan",
    scale=2,
    claim=Claim.SINGLE_ANSWER,
    weights=(),
    sha256="ab" * 32,
    architecture={},
    normalisation=NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 2, 99.8),
    trained_on=TrainedRange(),
    limits=(),
)


@dataclass(frozen=True, slots=True)
class RingParams:
    ring_um: float = parameter(2.0, "Ring", "Width of the ring.", unit="µm", low=0.1, high=20.0)


ASSAY = AssaySpec(
    "translocation",
    "Translocation",
    (
        ChannelRole("dna", "DNA", ("hoechst", "dapi")),
        ChannelRole("protein", "Protein", ("gfp",)),
    ),
    RingParams,
    (Feature("ratio", "Ratio", "", Direction.UP, "Nucleus over ring."),),
    Citation("A", "B", "C", 2020),
    "nowhere:Nothing",
)
FIELD = FieldInput("A01", "1", {"dna": InputImage("d.tif"), "protein": InputImage("p.tif")})


def test_restore_request_holds_every_parameter_of_the_method(tmp_path: Path) -> None:
    request = restore_request(InputImage("a.tif", channel=1), MODEL, tmp_path / "out")

    names = {info.name for info in describe(method_spec("resrgan").restore_params)}
    assert set(request.params) == names
    assert request.model == ModelRef("fine-x2", "ab" * 32)
    assert request.input.channel == 1
    assert request.samples is None
    assert decode_request(encode(request)) == request


def test_restore_request_holds_what_was_chosen(tmp_path: Path) -> None:
    options = RestoreOptions(samples=4, keep_samples=KeepSamples.ROI, roi=Roi(1, 2, 3, 4), seed=7)

    request = restore_request(InputImage("a.tif"), MODEL, tmp_path / "out", options)

    assert (request.samples, request.keep_samples, request.seed) == (4, KeepSamples.ROI, 7)
    assert request.roi == Roi(1, 2, 3, 4)
    assert request.out == str(tmp_path / "out")


def test_unknown_parameter_and_negative_samples_are_refused(tmp_path: Path) -> None:
    image = InputImage("a.tif")

    with pytest.raises(InvalidParameter, match="no parameter 'sharpness_of_it'"):
        restore_request(image, MODEL, tmp_path, RestoreOptions({"sharpness_of_it": 3}))
    with pytest.raises(InvalidParameter, match="samples is -1"):
        restore_request(image, MODEL, tmp_path, RestoreOptions(samples=-1))


def test_measure_request_without_a_model(tmp_path: Path) -> None:
    options = MeasureOptions(params={"ring_um": "3"})

    request = measure_request(ASSAY, [FIELD], tmp_path / "out", options)

    assert request.params == {"ring_um": 3.0}
    assert request.model is None
    assert request.model_params == {}
    assert decode_request(encode(request)) == request


def test_measure_request_with_a_model_holds_its_parameters_too(tmp_path: Path) -> None:
    request = measure_request(ASSAY, [FIELD], tmp_path, MeasureOptions(model=MODEL, samples=8))

    names = {info.name for info in describe(method_spec("resrgan").restore_params)}
    assert request.model == MODEL.ref
    assert set(request.model_params) == names
    assert request.samples == 8


def test_measuring_nothing_or_without_a_channel_is_refused(tmp_path: Path) -> None:
    without = replace(FIELD, channels={"dna": InputImage("d.tif")})

    with pytest.raises(InvalidInput, match="no field"):
        measure_request(ASSAY, [], tmp_path)
    with pytest.raises(InvalidInput, match="A01 1 lacks the channel 'protein'"):
        measure_request(ASSAY, [FIELD, without], tmp_path)


def test_report_is_pdf_or_html(tmp_path: Path) -> None:
    request = report_request([tmp_path / "run"], tmp_path / "report.html", "My plate")

    assert request.runs == (str(tmp_path / "run"),)
    assert request.title == "My plate"
    with pytest.raises(InvalidInput, match="neither a PDF nor an HTML"):
        report_request([tmp_path / "run"], tmp_path / "report.docx")
    with pytest.raises(InvalidInput, match="nothing to report"):
        report_request([], tmp_path / "report.pdf")


def test_channels_are_guessed_by_their_names_each_once() -> None:
    names = ("Phase", "Hoechst 33342", "FKHR-GFP", "GFP bleed")
    scene = SceneInfo(
        "s", (1, 4, 1, 8, 8), "uint8", PixelSizes(), tuple(ChannelInfo(name) for name in names)
    )

    assert guess_channels(scene, ASSAY.channels_required) == {"dna": 1, "protein": 2}
    assert guess_channels(replace(scene, channels=(ChannelInfo("GFP"),)), ASSAY.channels_required)
    assert guess_channels(replace(scene, channels=()), ASSAY.channels_required) == {}


def test_field_of_a_file_with_several_channels() -> None:
    image = InputImage("a.tif", scene=2, pixel_size_um=0.3)

    field = field_of_scene(image, "B02", "3", {"dna": 1, "protein": 0})

    assert field.channels["dna"] == replace(image, channel=1)
    assert field.channels["protein"] == replace(image, channel=0)
    assert (field.well, field.name) == ("B02", "3")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("cells.ome.tif", "cells"),
        ("Cells.TIFF", "Cells"),
        ("a.b.c.png", "a.b.c"),
        ("time 12:30 <best?>.tif", "time 12_30 _best_"),
        (".tif", "tif"),
        ("zellen_µm.tif", "zellen_µm"),
        ("...", "image"),
        ("x" * 300 + ".tif", "x" * 80),
    ],
)
def test_plain_name_fits_every_file_system(name: str, plain: str) -> None:
    assert plain_name(Path(name)) == plain


def test_run_folder_is_named_after_image_model_and_scale(tmp_path: Path) -> None:
    stem = restore_stem(tmp_path / "cells.ome.tif", MODEL)

    assert new_run_folder(tmp_path, stem).name == "cells_SR_fine-x2_2x-1"


def test_run_folder_is_new_beside_finished_unfinished_and_planned_ones(tmp_path: Path) -> None:
    (tmp_path / "a-1").mkdir()
    partial_of(tmp_path / "a-2").mkdir()

    folder = new_run_folder(tmp_path, "a", taken={tmp_path / "a-3"})

    assert folder == tmp_path / "a-4"


def test_reports_and_thumbnails_make_no_run_folder(tmp_path: Path) -> None:
    recipe = Recipe("m", "M", "resrgan", 2, {}, 0)

    assert run_folder_of(report_request([tmp_path], tmp_path / "a.pdf")) is None
    assert run_folder_of(TrainRequest(recipe, str(tmp_path / "m"))) == tmp_path / "m"
