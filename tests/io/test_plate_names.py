import pytest

from superlens.io.plate_names import (
    PRESETS,
    NamePreset,
    ParsedName,
    doubles,
    guessed_preset,
    parse_names,
    preset,
    problem_of_pattern,
    wells_of_scenes,
)

KNOWN = {
    "imagexpress": [
        (
            "Week1_22123_G10_s1_w1BEDC2073-A983-4B98-95E9-84466707A25D.tif",
            ("Week1_22123", "G10", "1", "1", None, None),
        ),
        ("TimePoint_2/Screen4_B02_s3_w2.TIF", ("Screen4", "B02", "3", "2", None, 2)),
        ("TimePoint_1/ZStep_4/P1_P24_s12_w5.TIF", ("P1", "P24", "12", "5", 4, 1)),
        ("C03_w1.TIF", ("", "C03", "", "1", None, None)),
    ],
    "operetta": [
        ("r02c03f01p01-ch1sk1fk1fl1.tiff", ("", "B03", "1", "1", 1, 1)),
        ("r16c24f012p07-ch4sk11fk1fl1.tiff", ("", "P24", "12", "4", 7, 11)),
        ("Plate 7__2024/Images/r01c01f02p03-ch2.tiff", ("Plate 7__2024", "A01", "2", "2", 3, None)),
    ],
    "cellvoyager": [
        (
            "AssayPlate_Greiner_#655090_B02_T0001F001L01A01Z01C01.tif",
            ("AssayPlate_Greiner_#655090", "B02", "1", "1", 1, 1),
        ),
        ("W2_H12_T0003F009L02A01Z11C04.tif", ("W2", "H12", "9", "4", 11, 3)),
    ],
    "opera": [("002003001.flex", ("", "B03", "1", "", None, None))],
    "plain": [
        ("A01.tif", ("", "A01", "", "", None, None)),
        ("dapi_b3.ome.tif", ("", "B03", "", "", None, None)),
        ("screen H-12 field_07 ch2.png", ("", "H12", "7", "2", None, None)),
        ("A1_s3.tif", ("", "A01", "3", "", None, None)),
    ],
}


@pytest.mark.parametrize(
    ("preset_id", "name", "parts"),
    [(key, name, parts) for key, names in KNOWN.items() for name, parts in names],
)
def test_presets_understand_the_names_of_their_microscopes(
    preset_id: str, name: str, parts: tuple[object, ...]
) -> None:
    parsed = parse_names([name], preset(preset_id).pattern)[0]

    assert not parsed.problem
    found = (parsed.plate, parsed.well, parsed.field, parsed.channel, parsed.z, parsed.t)
    assert found == parts


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.id)
def test_example_of_each_preset_is_guessed_to_be_its_own(item: NamePreset) -> None:
    assert problem_of_pattern(item.pattern) == ""
    assert guessed_preset([item.example]) is item


def test_case_and_separators_of_windows_do_not_matter() -> None:
    parsed = parse_names([r"TimePoint_1\screen_b02_S3_W2.tif"], preset("imagexpress").pattern)[0]

    assert (parsed.plate, parsed.well, parsed.field, parsed.t) == ("screen", "B02", "3", 1)


def test_own_pattern_reads_row_column_and_named_channels() -> None:
    pattern = r"(?P<channel>\w+?)-(?P<column>\d+)-(?P<row>[A-H])-\d+"

    parsed = parse_names(["Channel1-07-C-02.BMP", "readme.txt"], pattern)

    assert parsed[0] == ParsedName("Channel1-07-C-02.BMP", "", "C07", "", "Channel1")
    assert parsed[1] == ParsedName("readme.txt", problem="The pattern does not fit this name")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?P<well>A", "not a regular expression: missing )"),
        ("(?P<wel>.*)", "There is no part 'wel': name the parts plate, well"),
        (r"(?P<row>[A-H])\d", "names no well"),
        (r"(?P<well>([A-H]\d+)+)x", "can take for ever"),
        ("(?P<well>A)" * 200, "characters, at most"),
    ],
)
def test_pattern_that_cannot_be_used_says_why(pattern: str, words: str) -> None:
    assert words in problem_of_pattern(pattern)
    assert words in parse_names(["A01.tif"], pattern)[0].problem


@pytest.mark.parametrize(
    ("name", "pattern", "words"),
    [
        ("Z99.tif", "(?P<well>.+)", ""),
        ("R.tif", "(?P<well>.+)", "R is not a well"),
        ("27-1.tif", r"(?P<row>\d+)-(?P<column>\d+)", "row '27', column '1' is not a well"),
        ("A01zx.tif", r"(?P<well>...)z(?P<z>.)", "z is 'x', not a number"),
    ],
)
def test_names_that_fit_and_make_no_sense_say_why(name: str, pattern: str, words: str) -> None:
    assert parse_names([name], pattern)[0].problem == words


def test_nothing_is_guessed_from_names_without_wells() -> None:
    assert guessed_preset(["actin.tif", "tubulin 2.tif"]) is None
    assert guessed_preset([]) is None


def test_two_files_of_one_place_are_told() -> None:
    parsed = parse_names(["A01_s1.tif", "copy_A01_s1.tif", "A02_s1.tif"], preset("plain").pattern)

    assert doubles(parsed) == (("A01_s1.tif", "copy_A01_s1.tif"),)


@pytest.mark.parametrize(
    ("names", "wells"),
    [
        (("B02", "B03-0001"), ("B02", "B03")),
        (("B/2/Region 1", "H/12/Region 1"), ("B02", "H12")),
        (("P1", "P2"), ()),
        (("Position 1", "B02"), ()),
        (("", ""), ()),
        ((), ()),
    ],
)
def test_wells_of_scenes_are_taken_where_every_name_says_one(
    names: tuple[str, ...], wells: tuple[str, ...]
) -> None:
    assert wells_of_scenes(names) == wells
