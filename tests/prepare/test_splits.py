"""Parting pairs so that nothing that was trained on is judged with."""

from dataclasses import replace

import pytest

from superlens.core.errors import InvalidInput
from superlens.core.jobs import FrameFile, HighFile, PairFile
from superlens.prepare.splits import check_no_leak, fields_of, split_by_field


def frames(field: str, count: int = 10) -> tuple[PairFile, ...]:
    return tuple(
        PairFile(f"{field}.tif", f"{field}_gt.tif", field_id=field, low_frames=(number,))
        for number in range(count)
    )


@pytest.mark.parametrize("count", [2, 5, 40])
def test_no_field_is_on_both_sides_of_the_split(count: int) -> None:
    fields = count // 2 + 1
    pairs = tuple(
        PairFile(f"l{n}.tif", f"h{n % fields}.tif", field_id=f"field {n % fields}")
        for n in range(count)
    )

    training, validation = split_by_field(pairs, 3)

    assert training
    assert validation
    assert len(training) + len(validation) == count
    assert not {pair.field_id for pair in training} & {pair.field_id for pair in validation}
    check_no_leak(training, validation)


def test_a_share_of_nothing_holds_nothing_out() -> None:
    pairs = frames("a") + frames("b")

    assert split_by_field(pairs, 0, share=0.0) == (pairs, ())


def test_all_frames_of_a_field_go_to_one_side() -> None:
    pairs = tuple(pair for number in range(20) for pair in frames(f"f{number}"))

    training, validation = split_by_field(pairs, 0, share=0.3)

    assert (len(training), len(validation)) == (140, 60)
    check_no_leak(training, validation)


def test_wells_are_not_parted_though_their_fields_are_numbered_anew() -> None:
    pairs = tuple(
        PairFile(f"{well}{n}.tif", f"{well}{n}_gt.tif", field_id=f"{n}", well=well)
        for well in ("A01", "A02", "B01", "B02")
        for n in range(3)
    )

    training, validation = split_by_field(pairs, 1, share=0.5)

    assert {pair.well for pair in training}.isdisjoint(pair.well for pair in validation)
    assert (len(training), len(validation)) == (6, 6)
    check_no_leak(training, validation)


def test_single_field_leaves_nothing_to_validate_with() -> None:
    pairs = (PairFile("a", "b", field_id="x"), PairFile("c", "d", field_id="x"))

    assert split_by_field(pairs, 0) == (pairs, ())
    assert split_by_field((), 0) == ((), ())


def test_the_split_is_a_function_of_the_seed_alone() -> None:
    pairs = tuple(pair for number in range(12) for pair in frames(f"f{number}", 2))

    held = split_by_field(pairs, 5)[1]

    assert held == split_by_field(pairs, 5)[1]
    assert {p.field_id for p in held} == {p.field_id for p in split_by_field(pairs[::-1], 5)[1]}
    assert any(held != split_by_field(pairs, seed)[1] for seed in range(6, 10))


@pytest.mark.parametrize(
    "shared",
    [
        PairFile("other.tif", "f0_gt.tif", field_id="f1"),
        PairFile("f0.tif", "other_gt.tif", field_id="f1"),
        PairFile("other.tif", "other_gt.tif", field_id="f1", low_others=(FrameFile("f0.tif"),)),
        PairFile("other.tif", "other_gt.tif", high_sha256="abc", field_id="f1"),
        PairFile("other.tif", "other_gt.tif", low_sha256="abc", field_id="f1"),
    ],
)
def test_pairs_that_share_a_picture_stay_together(shared: PairFile) -> None:
    first = PairFile("f0.tif", "f0_gt.tif", high_sha256="abc", field_id="f0")
    more = PairFile("f1.tif", "f1_gt.tif", field_id="f1")
    apart = PairFile("f2.tif", "f2_gt.tif", field_id="f2")

    assert fields_of((more, shared, first, apart)) == ("f0", "f0", "f0", "f2")


def test_pairs_without_a_field_are_of_the_field_of_their_high_picture() -> None:
    pairs = (PairFile("1.tif", "h.tif"), PairFile("2.tif", "h.tif"), PairFile("3.tif", "g.tif"))

    assert fields_of(pairs) == ("h.tif", "h.tif", "g.tif")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (PairFile("x.tif", "y.tif", field_id="f0"), "The field 'f0'"),
        (PairFile("x.tif", "f0_gt.tif", field_id="f1"), "The file 'f0_gt.tif'"),
        (PairFile("x.tif", "y.tif", "abc", field_id="f1"), "SHA-256 'abc'"),
        (HighFile("f0_gt.tif", field_id="f1"), "The file 'f0_gt.tif'"),
        (HighFile("copy.tif", "abc", "f1"), "SHA-256 'abc'"),
    ],
)
def test_a_leak_is_refused_and_named(other: PairFile | HighFile, said: str) -> None:
    judged = PairFile("f0.tif", "f0_gt.tif", high_sha256="abc", field_id="f0")

    with pytest.raises(InvalidInput, match=said) as refused:
        check_no_leak((other,), (judged,))
    assert "'f0.tif'" in refused.value.title


def test_one_well_on_both_sides_is_a_leak() -> None:
    first = PairFile("a.tif", "b.tif", field_id="1", well="A01")

    check_no_leak((first,), (PairFile("c.tif", "d.tif", field_id="1", well="A02"),))
    with pytest.raises(InvalidInput, match="The well 'A01'"):
        check_no_leak((first,), (replace(first, low="c.tif", high="d.tif", field_id="2"),))
