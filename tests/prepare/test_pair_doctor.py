"""Each flag of the pair doctor fires on its defect, and on nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from prepare.made_pairs import MadePair
from shared_data import require_shared_data
from superlens.core.errors import InvalidInput, JobCancelled
from superlens.core.jobs import PairFile
from superlens.prepare.pair_doctor.examination import examine, likely_scale
from superlens.prepare.pair_doctor.looks import structure_ratio
from superlens.prepare.pair_doctor.records import Correction, PairFinding, PairFlag, PairReport
from superlens.prepare.pair_doctor.sharpness import relative_blur
from superlens.prepare.pair_matching import propose_by_regex
from superlens.prepare.pairs import read_pair
from superlens.prepare.registration import register

SIDE = 96
CLEAN = 3
"""Sound pairs in every made set, numbered from 0."""


def written(folder: Path, name: str, low: np.ndarray, high: np.ndarray) -> PairFile:
    """Write a pair and name it by absolute paths."""
    paths = [folder / side / f"{name}.tif" for side in ("low", "high")]
    for path, picture in zip(paths, (low, high), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        is_colour = picture.ndim == 3
        tifffile.imwrite(path, picture, photometric="rgb" if is_colour else "minisblack")
    return PairFile(str(paths[0]), str(paths[1]), field_id=name)


def made(folder: Path, name: str, pair: MadePair) -> PairFile:
    return written(folder, name, pair.low(), pair.high())


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[PairFile, ...]:
    folder = tmp_path_factory.mktemp("clean")
    return tuple(
        made(folder, f"clean{n}", MadePair(seed=n, noise_seed=n, side=SIDE)) for n in range(CLEAN)
    )


def examined_with(clean: tuple[PairFile, ...], *others: PairFile) -> tuple[PairFinding, ...]:
    """Give the findings of the others, having made sure that the clean pairs are found clean."""
    report = examine((*clean, *others), 2)
    assert [finding.flags for finding in report.findings[: len(clean)]] == [()] * len(clean)
    return report.findings[len(clean) :]


def test_clean_pairs_are_good_and_need_no_correction(clean):
    report = examine(clean, 2)

    assert report.good_pairs == clean
    assert report.good_fields == CLEAN
    assert report.advice == ()
    assert report.scale_verdict == "All 3 pairs that could be placed agree with x2."
    assert report.shifts.counts[0] == CLEAN
    assert sum(report.shifts.counts) == CLEAN


@pytest.mark.parametrize("side", ["low", "high"])
@pytest.mark.parametrize(
    ("flag", "spoil"),
    [
        (PairFlag.NOT_SINGLE_CHANNEL, lambda image: np.stack([image] * 3, axis=-1)),
        (PairFlag.NOT_FINITE, lambda image: np.where(image > image.max() - 1, np.nan, image)),
        (PairFlag.CONSTANT, np.zeros_like),
        (PairFlag.SATURATED, lambda image: np.minimum(image, int(np.quantile(image, 0.98)))),
        (PairFlag.BLANK, lambda image: np.random.default_rng(1).poisson(40, image.shape)),
        (PairFlag.TOO_SMALL, lambda image: image[:24, :24]),
    ],
)
def test_a_spoilt_picture_is_flagged(clean, tmp_path, side, flag, spoil):
    pair = MadePair(seed=9, side=SIDE)
    pictures = {"low": pair.low(), "high": pair.high()}
    spoilt = spoil(pictures[side])
    kind = np.float32 if spoilt.dtype.kind == "f" else np.uint8 if spoilt.ndim == 3 else np.uint16
    pictures[side] = spoilt.astype(kind)

    (found,) = examined_with(clean, written(tmp_path, "bad", pictures["low"], pictures["high"]))

    assert found.flags == (flag,)
    assert f"{side} picture" in found.complaints[0].sentence.lower()


def test_a_broken_or_missing_file_is_named_and_the_rest_goes_on(clean, tmp_path):
    (tmp_path / "empty.tif").touch()
    broken = replace(clean[0], low=str(tmp_path / "empty.tif"), field_id="broken")
    gone = replace(clean[1], low=str(tmp_path / "gone.tif"), field_id="gone")

    report = examine((broken, gone, *clean), 2)

    assert [f.flags for f in report.findings[:2]] == [(PairFlag.UNREADABLE,)] * 2
    assert "empty.tif is empty" in report.findings[0].complaints[0].sentence
    assert "gone.tif" in report.findings[1].complaints[0].sentence
    assert len(report.good_pairs) == CLEAN
    assert report.count(PairFlag.UNREADABLE) == 2
    assert report.advice[0].startswith("2 of 5 pairs cannot be read")


def test_the_same_pixels_are_a_duplicate_though_the_file_differs(clean, tmp_path):
    low, high = (tifffile.imread(name) for name in (clean[0].low, clean[0].high))
    other = MadePair(seed=30, side=SIDE)
    tifffile.imwrite(tmp_path / "again.tif", low, compression="zlib")

    same_high = written(tmp_path, "same_high", other.low(), high)
    same_low = replace(clean[1], low=str(tmp_path / "again.tif"), field_id="same_low")
    first, second = examined_with(clean, same_high, same_low)

    assert PairFlag.DUPLICATE in first.flags
    assert "holds the same pixels as 'clean0.tif'" in first.complaints[0].sentence
    assert PairFlag.DUPLICATE in second.flags


def test_a_second_take_of_a_field_is_a_duplicate(clean, tmp_path):
    again = made(tmp_path, "again", MadePair(seed=1, noise_seed=77, side=SIDE))

    (found,) = examined_with(clean, again)

    assert found.flags == (PairFlag.DUPLICATE,)
    assert "shows the same field as 'clean1.tif'" in found.complaints[0].sentence


def test_frames_of_one_field_are_no_duplicates(clean, tmp_path):
    pair = MadePair(seed=1, noise_seed=5, side=SIDE)
    frames = [replace(pair, noise_seed=n).low() for n in range(3)]
    stack = tmp_path / "stack.tif"
    tifffile.imwrite(stack, np.stack(frames), imagej=True, metadata={"axes": "TYX"})
    first = written(tmp_path, "f", frames[0], pair.high())

    report = examine([replace(first, low=str(stack), low_frames=(n,)) for n in range(3)], 2)

    assert [finding.flags for finding in report.findings] == [()] * 3
    assert report.good_fields == 1


@pytest.mark.parametrize(
    ("spoilt", "to_blame"), [({"low_sigma": 3.5}, "low"), ({"high_sigma": 2.5}, "high")]
)
def test_the_picture_that_is_out_of_focus_is_told(clean, tmp_path, spoilt, to_blame):
    (found,) = examined_with(clean, made(tmp_path, "dull", MadePair(seed=8, side=SIDE, **spoilt)))

    assert found.flags == (PairFlag.OUT_OF_FOCUS,)
    assert found.complaints[0].sentence.startswith(f"The {to_blame} picture is blurred")


def test_a_pair_that_is_out_of_focus_as_a_whole_is_told_in_a_large_set(clean, tmp_path):
    more = [made(tmp_path, f"m{n}", MadePair(seed=n, side=SIDE)) for n in range(10, 14)]
    dull = made(tmp_path, "dull", MadePair(seed=8, side=SIDE, low_sigma=4.0, high_sigma=3.7))

    *sound, found = examined_with(clean, *more, dull)

    assert PairFlag.OUT_OF_FOCUS in found.flags
    assert not any(finding.flags for finding in sound)


def test_relative_blur_is_measured():
    pair = MadePair(scale=1, low_sigma=2.0, high_sigma=1.2, photons=2000, high_photons=2000)

    # sqrt(2.0^2 - 1.2^2) = 1.6
    assert relative_blur(pair.low(), pair.high(), (0, 0)) == pytest.approx(1.6, abs=0.1)
    # Noise of the blurred picture is taken for detail of it, so that a little less is told.
    assert relative_blur(pair.high(), pair.low(), (0, 0)) == pytest.approx(-1.6, abs=0.3)
    assert relative_blur(pair.low(), MadePair(seed=9, scale=1).high(), (0, 0)) is None


def test_blank_frames_have_the_structure_of_their_noise():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    uneven = rng.poisson(60 * (1 - 0.2 * (y**2 + x**2))).astype(np.float64)

    assert structure_ratio(rng.poisson(50, (256, 256))) == pytest.approx(1.0, abs=0.1)
    assert structure_ratio(uneven) == pytest.approx(1.0, abs=0.15)
    assert structure_ratio(MadePair(photons=5).low()) > 3


def test_a_displaced_pair_is_corrected_and_good(clean, tmp_path):
    shifted = made(tmp_path, "shifted", MadePair(seed=8, side=SIDE, shift=(2.5, -3.0)))

    (found,) = examined_with(clean, shifted)

    assert found.is_good
    assert found.correction is Correction.CROPPED
    assert found.shift_px == pytest.approx((2.5, -3.0), abs=0.06)
    assert found.correlation_after > found.correlation_before + 0.3
    low, high = read_pair(found.pair, None, 2)
    binned = high.reshape(low.shape[0], 2, low.shape[1], 2).mean(axis=(1, 3))
    assert np.abs(register(low, binned).placement.shift).max() < 0.06


def test_a_half_pixel_at_scale_one_is_corrected_by_resampling(tmp_path):
    pair = made(tmp_path, "half", MadePair(seed=8, scale=1, shift=(0.45, 0.0)))

    report = examine([pair], 1)

    assert report.findings[0].correction is Correction.RESAMPLED
    assert "resampling the high picture once" in " ".join(report.advice)


def test_pictures_of_two_fields_cannot_be_registered(clean, tmp_path):
    low, high = MadePair(seed=20, side=SIDE).low(), MadePair(seed=21, side=SIDE).high()

    (found,) = examined_with(clean, written(tmp_path, "mixed", low, high))

    assert found.flags == (PairFlag.NOT_REGISTRABLE,)
    assert found.shift_px is None


def test_a_pair_of_another_scale_is_told_its_scale(clean, tmp_path):
    pair = MadePair(seed=22, side=SIDE, scale=3)

    (found,) = examined_with(clean, made(tmp_path, "three", pair))

    assert found.flags == (PairFlag.MIS_SCALED,)
    assert "fit at a scale of 3.00, not 2" in found.complaints[0].sentence


def test_a_larger_high_picture_at_the_right_scale_is_cropped(clean, tmp_path):
    pair = MadePair(seed=23, side=SIDE + 32)
    low = pair.low()[10 : 10 + SIDE, 20 : 20 + SIDE]

    (found,) = examined_with(clean, written(tmp_path, "larger", low, pair.high()))

    assert found.is_good
    assert found.correction is Correction.CROPPED
    low, high = read_pair(found.pair, None, 2)
    assert np.array_equal(high, pair.high()[20 : 20 + 2 * SIDE, 40 : 40 + 2 * SIDE])


def test_a_common_displacement_is_told(tmp_path):
    pairs = [
        made(tmp_path, f"s{n}", MadePair(seed=n, side=SIDE, shift=(1.0, -2.0))) for n in range(3)
    ]

    report = examine(pairs, 2)

    assert "about 1.0 px down and -2.0 px to the right" in report.advice[-1]


def test_scale_is_guessed_by_the_sizes_of_most_pairs(clean, tmp_path):
    other = made(tmp_path, "three", MadePair(scale=3, side=SIDE))

    assert likely_scale((other, *clean)) == 2
    with pytest.raises(InvalidInput, match="None of the pairs"):
        likely_scale([replace(clean[0], low=str(tmp_path / "gone.tif"))])


def test_examination_can_be_stopped_and_needs_pairs(clean):
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        examine(clean, 2, watch=stop)
    with pytest.raises(InvalidInput, match="no pairs"):
        examine((), 2)


def test_real_registered_pairs_raise_no_false_alarm():
    folder = require_shared_data("paired/hagen_lowsnr_highsnr")
    pattern = r"(?P<field>.*fov\d+)(_(?P<channel>\w+))?_(?P<role>lowsnr|highsnr)"
    low = require_shared_data("paired/hagen_derived_x4")
    pattern = r"(?P<field>.*fov\d+)(_(?P<channel>actin|mito))?(_lr4.*|_highsnr)"

    report = examine(propose_by_regex(pattern, low, folder).pairs, 4)

    assert [finding.flags for finding in report.findings] == [()] * 5
    assert all(np.hypot(*f.shift_px) < 0.06 for f in report.findings if f.shift_px is not None)
    assert report.good_fields == 3
    assert report.advice == ()


def test_the_crop_of_the_microtubule_pair_is_found_and_said_in_one_sentence():
    folder = require_shared_data("paired/sfsrm_wf_storm")
    pair = PairFile(
        str(folder / "microtubule_fullfov_widefield_unregistered.tif"),
        str(folder / "microtubule_x5_hr_storm.tif"),
    )

    at_four, at_five = examine([pair], likely_scale([pair])), examine([pair], 5)

    (wrong,), (right,) = at_four.findings, at_five.findings
    assert wrong.flags == (PairFlag.MIS_SCALED,)
    said = wrong.complaints[0].sentence
    assert said.startswith(
        "The pictures fit at a scale of 5.00, not 4: the high one shows rows 50-305 and columns "
        "48-303 of the low one (correlation 0.57"
    )
    assert "x5.00, not x4: examine them again with a scale of 5" in at_four.scale_verdict
    assert right.is_good
    assert right.pair.alignment is not None
    assert right.pair.alignment.low_box.x == 48


def test_the_report_holds_good_pairs_only_for_training(clean, tmp_path):
    bad = written(tmp_path, "bad", np.zeros((64, 64), np.uint16), np.zeros((128, 128), np.uint16))

    report: PairReport = examine((*clean, bad), 2)

    assert report.good_pairs == clean
    assert report.count(PairFlag.CONSTANT) == 1
