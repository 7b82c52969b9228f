import pickle
import typing

import pytest

from superlens.core.errors import (
    ErrorInfo,
    InvalidInput,
    JobCancelled,
    SuperlensError,
    UnreadableFile,
    describe_error,
)
from superlens.core.jobs import (
    EvaluateRequest,
    ExportRequest,
    InputImage,
    JobKind,
    JobRequest,
    JobState,
    Lane,
    MeasureRequest,
    PairCheckRequest,
    Recipe,
    ReportRequest,
    RestoreRequest,
    ThumbnailRequest,
    TrainRequest,
    lane_of,
)
from superlens.core.records import (
    ChannelInfo,
    ModelRef,
    ResultFile,
    ResultRecord,
    SceneInfo,
)
from superlens.core.units import PixelSizeOrigin, PixelSizes, entered_pixel_size

MODEL = ModelRef("m", "0" * 64)


def test_super_resolution_divides_lateral_sizes_only() -> None:
    sizes = PixelSizes(0.3, 0.104, 0.104, PixelSizeOrigin.REPORTED)

    finer = sizes.divided(2)

    assert (finer.z, finer.y, finer.x) == (0.3, 0.052, 0.052)
    assert finer.origin is PixelSizeOrigin.REPORTED


def test_a_default_pixel_size_is_not_trusted() -> None:
    assert PixelSizes(None, 1.0, 1.0, PixelSizeOrigin.DEFAULT).lateral_um is None
    assert PixelSizes(None, 0.1, 0.1, PixelSizeOrigin.REPORTED).lateral_um == 0.1
    assert PixelSizes().divided(2) == PixelSizes()


def test_an_entered_pixel_size_is_verified_and_keeps_the_z_step() -> None:
    entered = entered_pixel_size(0.2, PixelSizes(z=0.5))

    assert entered.lateral_um == 0.2
    assert entered.z == 0.5
    assert entered.origin is PixelSizeOrigin.VERIFIED
    assert entered_pixel_size(0.2).z is None


def test_scene_sizes_are_found_by_axis_name() -> None:
    scene = SceneInfo("a", (1, 2, 3, 40, 50), "uint16", PixelSizes(), (ChannelInfo("GFP"),))

    assert (scene.size("C"), scene.size("X")) == (2, 50)
    assert not scene.is_rgb
    assert SceneInfo("a", (1, 1, 1, 4, 5, 3), "uint8", PixelSizes(), (), "TCZYXS").is_rgb


def test_result_files_are_found_by_role() -> None:
    result = ResultRecord("j", "restore", "out", (ResultFile("mean", "mean.ome.tif"),))

    assert result.path_of("mean") == "mean.ome.tif"
    assert result.path_of("spread") is None


def test_errors_become_plain_sentences() -> None:
    error = UnreadableFile("x.tif is empty", "Copy it again", "0 bytes")

    info = describe_error(error)

    assert info == ErrorInfo("unreadable_file", "x.tif is empty", "Copy it again", "0 bytes")
    assert info.sentence == error.sentence == "x.tif is empty. Copy it again."
    assert isinstance(error, InvalidInput)
    assert SuperlensError("Only this").sentence == "Only this."
    assert ErrorInfo("a", "Only this").sentence == "Only this."
    assert describe_error(JobCancelled()).code == "job_cancelled"


def test_an_unknown_exception_is_called_unexpected() -> None:
    info = describe_error(ZeroDivisionError("division by zero"))

    assert info.code == "unexpected"
    assert "ZeroDivisionError" in info.title


@pytest.mark.parametrize(
    ("request_", "lane"),
    [
        (RestoreRequest(InputImage("a"), MODEL, "o"), Lane.ACCELERATOR),
        (TrainRequest(Recipe("m", "M", "resrgan", 2, {}, 0), "o"), Lane.ACCELERATOR),
        (EvaluateRequest(MODEL, (), "o"), Lane.ACCELERATOR),
        (MeasureRequest("translocation", (), "o"), Lane.CPU),
        (MeasureRequest("translocation", (), "o", model=MODEL), Lane.ACCELERATOR),
        (ReportRequest((), "o"), Lane.CPU),
        (ThumbnailRequest((), "found"), Lane.CPU),
        (PairCheckRequest((), "o"), Lane.CPU),
        (ExportRequest("run", "o"), Lane.CPU),
    ],
)
def test_networks_run_in_the_accelerator_lane(request_: JobRequest, lane: Lane) -> None:
    assert lane_of(request_) is lane


def test_every_kind_of_job_has_one_request_class() -> None:
    kinds = [klass.__dataclass_fields__["kind"].default for klass in typing.get_args(JobRequest)]

    assert sorted(kinds) == sorted(JobKind)


def test_only_three_states_end_a_job() -> None:
    ended = {state for state in JobState if state.is_ended}

    assert ended == {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


def test_records_survive_pickling() -> None:
    request = RestoreRequest(InputImage("a"), MODEL, "o", params={"tile": 3})

    assert pickle.loads(pickle.dumps(request)) == request
