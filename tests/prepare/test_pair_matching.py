"""Which low and high pictures belong together."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from superlens.core.errors import InvalidInput, InvalidParameter, MissingFile
from superlens.core.jobs import FrameFile, PairFile
from superlens.prepare.pair_matching import (
    match_by_name,
    propose_by_name,
    propose_by_regex,
    propose_by_table,
)
from superlens.prepare.pairs import read_low, with_hashes
from superlens.prepare.splits import fields_of

FRAMES = 5


def write(path: Path, value: int = 1, frames: int = 0) -> Path:
    """Write a small picture, or a stack along T whose frames hold value, value + 1, ..."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.full((8, 8), value, np.uint16)
    if frames:
        stack = np.stack([picture + np.uint16(n) for n in range(frames)])
        tifffile.imwrite(path, stack, metadata={"axes": "TYX"}, imagej=True)
    else:
        tifffile.imwrite(path, picture)
    return path


def names(pairs: tuple[PairFile, ...]) -> list[tuple[str, str]]:
    return [(Path(pair.low).name, Path(pair.high).name) for pair in pairs]


def test_images_of_two_folders_pair_by_name(tmp_path):
    for name in ("b_low.tif", "a_low.tif"):
        write(tmp_path / "l" / name)
    for name in ("a_high.ome.tif", "b_high.tif"):
        write(tmp_path / "h" / name)

    pairs = match_by_name(tmp_path / "l", tmp_path / "h")

    assert [pair.field_id for pair in pairs] == ["a", "b"]
    assert pairs[0].high == str(tmp_path / "h" / "a_high.ome.tif")
    assert [pair.low_frames for pair in pairs] == [(), ()]


def test_images_of_one_folder_pair_by_their_side(tmp_path):
    for name in ("x_lowsnr.tif", "x_highsnr.tif", "y_lowsnr.tif", "y_highsnr.tif"):
        write(tmp_path / name)

    pairs = match_by_name(tmp_path, tmp_path)

    assert names(pairs) == [("x_lowsnr.tif", "x_highsnr.tif"), ("y_lowsnr.tif", "y_highsnr.tif")]


def test_what_has_no_partner_is_named_and_the_rest_goes_on(tmp_path):
    for name in ("a.tif", "lonely.tif", "c.tif", "c_lr.tif"):
        write(tmp_path / "l" / name)
    for name in ("a.tif", "forgotten.tif", "c.tif"):
        write(tmp_path / "h" / name)

    found = propose_by_name(tmp_path / "l", tmp_path / "h")

    assert names(found.pairs) == [("a.tif", "a.tif")]
    assert set(found.unmatched_low) == {"lonely.tif", "c.tif", "c_lr.tif"}
    assert set(found.unmatched_high) == {"forgotten.tif", "c.tif"}
    said = " ".join(found.reasons)
    assert "'lonely.tif' has no partner" in said
    assert "'forgotten.tif' has no low-resolution picture" in said
    assert "could all be the field 'c': 'c.tif', 'c_lr.tif'" in said


def test_a_picture_is_never_its_own_partner(tmp_path):
    for name in ("a_low.tif", "a_high.tif", "overview.tif"):
        write(tmp_path / name)

    proposal = propose_by_name(tmp_path, tmp_path)

    assert names(proposal.pairs) == [("a_low.tif", "a_high.tif")]
    assert proposal.reasons == (
        "The name of 'overview.tif' does not say whether it is low or high",
    )


def test_strict_matching_refuses_what_is_left_over(tmp_path):
    write(tmp_path / "l" / "a.tif")
    write(tmp_path / "l" / "b.tif")
    write(tmp_path / "h" / "a.tif")
    (tmp_path / "empty").mkdir()

    with pytest.raises(InvalidInput, match=r"'b\.tif' has no partner"):
        match_by_name(tmp_path / "l", tmp_path / "h")
    with pytest.raises(MissingFile, match="nowhere"):
        match_by_name(tmp_path / "nowhere", tmp_path)
    with pytest.raises(InvalidInput, match="no images"):
        match_by_name(tmp_path / "empty", tmp_path / "empty")


def test_files_named_as_frames_share_the_high_picture_of_their_field(tmp_path):
    for number in (0, 1, 10, 2):
        write(tmp_path / "l" / f"cell_t{number}.tif")
    write(tmp_path / "h" / "cell_gt.tif")

    pairs = propose_by_name(tmp_path / "l", tmp_path / "h").pairs

    assert [low for low, _ in names(pairs)] == [f"cell_t{n}.tif" for n in (0, 1, 2, 10)]
    assert set(fields_of(pairs)) == {"cell"}


def test_frames_of_a_stack_are_pairs_of_one_field(tmp_path):
    write(tmp_path / "l" / "a.tif", frames=FRAMES)
    write(tmp_path / "l" / "b.tif")
    for name in ("a.tif", "b.tif"):
        write(tmp_path / "h" / name)

    found = propose_by_name(tmp_path / "l", tmp_path / "h")

    assert [pair.low_frames for pair in found.pairs] == [(0,), (1,), (2,), (3,), (4,), ()]
    assert found.fields == 2
    assert read_low(found.pairs[3], None)[0, 0] == 4


def test_exposures_are_averaged_in_a_row(tmp_path):
    write(tmp_path / "l" / "a.tif", frames=FRAMES)
    for number in range(3):
        write(tmp_path / "l" / f"b_t{number}.tif", value=10 * number)
    write(tmp_path / "l" / "c.tif")
    for name in ("a.tif", "b.tif", "c.tif"):
        write(tmp_path / "h" / name)

    found = propose_by_name(tmp_path / "l", tmp_path / "h", average=2)

    stacked = [pair for pair in found.pairs if pair.field_id == "a"]
    (files,) = (pair for pair in found.pairs if pair.field_id == "b")
    assert [pair.low_frames for pair in stacked] == [(0, 1), (2, 3)]
    assert read_low(stacked[1], None)[0, 0] == 3.5
    assert files.low_others == (FrameFile(str(tmp_path / "l" / "b_t1.tif")),)
    assert read_low(files, None)[0, 0] == 5
    assert found.reasons == ("'c.tif' has fewer than 2 frames to average",)


def test_table_names_pairs_fields_wells_and_frames(tmp_path):
    write(tmp_path / "l" / "s.tif", frames=3)
    write(tmp_path / "l" / "p.tif")
    write(tmp_path / "l" / "spare.tif")
    for name in ("one.tif", "two.tif"):
        write(tmp_path / "h" / name)
    table = tmp_path / "pairs.csv"
    table.write_text(
        "low,high,field,well,frame\n"
        "s.tif,one.tif,f1,A01,0\n"
        "s.tif,one.tif,f1,A01,2\n"
        "p.tif,two.tif,,,\n"
        "gone.tif,two.tif,,,\n"
        "p.tif,two.tif,,,first\n"
    )

    found = propose_by_table(table, tmp_path / "l", tmp_path / "h")

    assert names(found.pairs) == [("s.tif", "one.tif"), ("s.tif", "one.tif"), ("p.tif", "two.tif")]
    assert [pair.low_frames for pair in found.pairs] == [(0,), (2,), ()]
    assert [(pair.well, pair.field_id) for pair in found.pairs[1:]] == [("A01", "f1"), ("", "two")]
    assert found.unmatched_low == ("spare.tif",)
    said = " ".join(found.reasons)
    assert "Line 5 of pairs.csv names 'gone.tif'" in said
    assert "Line 6 of pairs.csv: no frame 'first'" in said


def test_table_without_a_needed_column_is_refused(tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_text("low,truth\na,b\n")

    with pytest.raises(InvalidInput, match="no column 'high'"):
        propose_by_table(table, tmp_path, tmp_path)


def test_groups_of_a_pattern_pair_images(tmp_path):
    for name in (
        "20x_fov1_actin_lowsnr.tif",
        "20x_fov1_actin_highsnr.tif",
        "20x_fov1_mito_lowsnr.tif",
        "20x_fov1_mito_highsnr.tif",
        "notes.tif",
    ):
        write(tmp_path / name)
    pattern = r"(?P<field>.*fov\d+)_(?P<channel>\w+)_(?P<role>lowsnr|highsnr)"

    found = propose_by_regex(pattern, tmp_path, tmp_path)

    assert names(found.pairs) == [
        ("20x_fov1_actin_lowsnr.tif", "20x_fov1_actin_highsnr.tif"),
        ("20x_fov1_mito_lowsnr.tif", "20x_fov1_mito_highsnr.tif"),
    ]
    assert set(fields_of(found.pairs)) == {"20x_fov1"}
    assert found.unmatched_low == ("notes.tif",)


def test_frames_of_a_pattern_are_ordered_and_wells_kept(tmp_path):
    for frame in (1, 10, 9):
        write(tmp_path / "l" / f"B02_f3_{frame}.tif")
    write(tmp_path / "l" / "B03_f3_1.tif")
    write(tmp_path / "h" / "B02_f3.tif")
    pattern = r"(?P<well>[A-P]\d\d)_f(?P<field>\d+)(_(?P<frame>\d+))?"

    found = propose_by_regex(pattern, tmp_path / "l", tmp_path / "h")

    assert [low for low, _ in names(found.pairs)] == [f"B02_f3_{n}.tif" for n in (1, 9, 10)]
    assert {(pair.well, pair.field_id) for pair in found.pairs} == {("B02", "3")}
    assert found.unmatched_low == ("B03_f3_1.tif",)


def test_field_without_any_frame_is_named_and_the_others_go_on(tmp_path):
    for frame in (0, 1):
        write(tmp_path / "l" / f"cell1_t{frame}.tif")
    for field in (1, 2):
        write(tmp_path / "h" / f"cell{field}_gt.tif")

    by_name = propose_by_name(tmp_path / "l", tmp_path / "h")
    by_pattern = propose_by_regex(
        r"(?P<field>cell\d)_(t(?P<frame>\d)|gt)", tmp_path / "l", tmp_path / "h"
    )

    for found in (by_name, by_pattern):
        assert {pair.field_id for pair in found.pairs} == {"cell1"}
        assert len(found.pairs) == 2
        assert found.unmatched_high == ("cell2_gt.tif",)
        assert any("'cell2_gt.tif'" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("(?P<field", "is not a pattern"), (r"\d+", "no group 'field'"), (r"(?P<field>x)", "'role'")],
)
def test_pattern_that_cannot_work_is_refused(tmp_path, pattern, said):
    with pytest.raises(InvalidParameter, match=said):
        propose_by_regex(pattern, tmp_path, tmp_path)


def test_two_files_of_the_same_groups_are_refused_by_name(tmp_path):
    for name in ("f1_x.tif", "f1_y.tif", "f2_x.tif"):
        write(tmp_path / "l" / name)
    for name in ("f1.tif", "f2.tif"):
        write(tmp_path / "h" / name)

    found = propose_by_regex(r"(?P<field>f\d)", tmp_path / "l", tmp_path / "h")

    assert names(found.pairs) == [("f2_x.tif", "f2.tif")]
    assert "same exposure: 'f1_x.tif', 'f1_y.tif'" in found.reasons[0]


def test_every_file_of_a_pair_gets_its_hash(tmp_path):
    for number in range(2):
        write(tmp_path / "l" / f"a_t{number}.tif", value=number)
    write(tmp_path / "h" / "a.tif", value=9)
    pairs = propose_by_name(tmp_path / "l", tmp_path / "h", average=2).pairs

    (pair,) = with_hashes(pairs, None)

    assert len({pair.low_sha256, pair.high_sha256, pair.low_others[0].sha256}) == 3
    assert read_low(pair, None)[0, 0] == 0.5
    write(Path(pair.low_others[0].name), value=7)
    with pytest.raises(InvalidInput, match=r"'a_t1\.tif' is not the file"):
        read_low(pair, None)
