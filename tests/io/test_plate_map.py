"""Plate maps and folders of fields: what is found, and the sentence that bad ones get."""

from pathlib import Path

import numpy as np
import pytest

from shared_data import require_shared_data
from superlens.core.assay import ChannelRole, WellRole
from superlens.core.errors import InvalidInput, InvalidParameter, MissingFile, UnreadableFile
from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.io.image_writer import ImageMetadata, write_image
from superlens.io.plate_map import fields_from_folder, read_plate_map

ROLES = (
    ChannelRole("dna", "DNA stain", ("dna", "dapi", "hoechst"), is_restored=False),
    ChannelRole("protein", "Protein of interest", ("gfp", "p65")),
)
HEADER = "well,compound,dose,unit,role,protein_file,dna_file\n"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


def write_map(images: Path, text: str, encoding: str = "utf-8") -> Path:
    path = images.parent / "map.csv"
    path.write_bytes(text.encode(encoding))
    return path


def write_channels(path: Path, *names: str) -> None:
    stack = np.zeros((1, len(names), 1, 8, 8), np.uint16)
    metadata = ImageMetadata(PixelSizes(), tuple(ChannelInfo(name) for name in names), "", "")
    write_image(path, stack, metadata)


# ---- a good plate map ---------------------------------------------------------------------------


def test_rows_become_wells_and_fields(images: Path) -> None:
    touch(images, "p1.tif", "d1.tif", "p2.tif", "d2.tif")
    text = HEADER + "A01,drug,0,nM,negative,p1.tif,d1.tif\nb3,drug,2.5,nM,dose,p2.tif,d2.tif\n"

    plate = read_plate_map(write_map(images, text), images, ROLES)

    assert [(info.well, info.dose, info.role) for info in plate.wells] == [
        ("A01", 0.0, WellRole.NEGATIVE),
        ("B03", 2.5, WellRole.DOSE),
    ]
    assert plate.fields[1].well == "B03"
    assert plate.fields[1].channels["dna"].path == str(images / "d2.tif")
    assert plate.fields[1].channels["protein"].path == str(images / "p2.tif")
    assert plate.warnings == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_spreadsheet_dialects_are_read(images: Path, encoding: str) -> None:
    touch(images, "p.tif", "d.tif")
    text = "Well;Compound;Dose;Unit;Role;Protein file;DNA_file\nA1;x;0,98;µM;Dose;p.tif;d.tif\n"

    plate = read_plate_map(write_map(images, text, encoding), images, ROLES)

    assert plate.wells[0].dose == 0.98
    assert plate.wells[0].dose_unit == "µM"


def test_tabs_and_row_and_column_name_a_well(images: Path) -> None:
    touch(images, "p.tif", "d.tif")
    text = "row\tcolumn\tprotein_file\tdna_file\nH\t12\tp.tif\td.tif\n"

    plate = read_plate_map(write_map(images, text), images, ROLES)

    assert plate.wells[0].well == "H12"
    assert plate.wells[0].dose is None


def test_several_rows_of_a_well_are_its_fields(images: Path) -> None:
    touch(images, *(f"{kind}{number}.tif" for kind in "pd" for number in (1, 2)))
    rows = "".join(f"A01,,,,,p{number}.tif,d{number}.tif\n" for number in (1, 2))

    plate = read_plate_map(write_map(images, HEADER + rows), images, ROLES)

    assert [field.name for field in plate.fields] == ["1", "2"]
    assert len(plate.wells) == 1


def test_field_and_pixel_size_columns_are_used(images: Path) -> None:
    touch(images, "p.tif", "d.tif")
    text = "well,field,pixel_size_um,protein_file,dna_file\nA01,left,0.325,p.tif,d.tif\n"

    plate = read_plate_map(write_map(images, text), images, ROLES)

    assert plate.fields[0].name == "left"
    assert plate.fields[0].channels["protein"].pixel_size_um == 0.325


def test_entered_pixel_size_reaches_every_channel(images: Path) -> None:
    touch(images, "p.tif", "d.tif")
    plate = read_plate_map(write_map(images, HEADER + "A01,,,,,p.tif,d.tif\n"), images, ROLES)

    entered = plate.with_pixel_size(0.5)

    assert {image.pixel_size_um for image in entered.fields[0].channels.values()} == {0.5}
    assert plate.with_pixel_size(None) is plate


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Negative control", WellRole.NEGATIVE),
        ("DMSO", WellRole.NEGATIVE),
        ("pos", WellRole.POSITIVE),
        ("empty_no_drug", WellRole.EMPTY),
        ("blank", WellRole.EMPTY),
        ("", WellRole.DOSE),
        ("treated", WellRole.DOSE),
    ],
)
def test_role_texts_are_understood(images: Path, text: str, role: WellRole) -> None:
    touch(images, "p.tif", "d.tif")
    csv = write_map(images, f"{HEADER}A01,x,1,nM,{text},p.tif,d.tif\n")

    plate = read_plate_map(csv, images, ROLES)

    assert plate.wells[0].role is role
    assert plate.warnings == ()


def test_unknown_role_is_reported_and_taken_as_dose(images: Path) -> None:
    touch(images, "p.tif", "d.tif")
    csv = write_map(images, f"{HEADER}A01,x,1,nM,riddle,p.tif,d.tif\n")

    plate = read_plate_map(csv, images, ROLES)

    assert plate.wells[0].role is WellRole.DOSE
    assert plate.warnings == ("The role 'riddle' of well A01 is not known: taken as a dose well",)


def test_wells_without_files_are_reported(images: Path) -> None:
    touch(images, "p.tif", "d.tif")
    rows = "A01,,,,,p.tif,d.tif\n" + "".join(f"B0{number},,,,,,\n" for number in range(1, 6))

    plate = read_plate_map(write_map(images, HEADER + rows), images, ROLES)

    assert len(plate.wells) == 6
    assert plate.warnings == ("No files are named for wells B01, B02, B03 and 2 more",)


# ---- which column or channel --------------------------------------------------------------------


def test_column_named_by_an_alias_is_found(images: Path) -> None:
    touch(images, "p.tif", "d.tif")
    csv = write_map(images, "well,gfp_488_file,dapi_file\nA01,p.tif,d.tif\n")

    plate = read_plate_map(csv, images, ROLES)

    assert plate.fields[0].channels["protein"].path.endswith("p.tif")


@pytest.mark.parametrize("name", ["red", "red_file", "RED"])
def test_channel_name_chooses_a_column(images: Path, name: str) -> None:
    touch(images, "p.tif", "d.tif", "r.tif")
    csv = write_map(images, "well,gfp_file,red_file,dna_file\nA01,p.tif,r.tif,d.tif\n")

    plate = read_plate_map(csv, images, ROLES, {"protein": name})

    assert plate.fields[0].channels["protein"].path.endswith("r.tif")


def test_channels_inside_one_file_are_found_by_alias(images: Path) -> None:
    write_channels(images / "a.tif", "p65-GFP", "Hoechst 33342")
    csv = write_map(images, "well,file,pixel_size_um\nA01,a.tif,0.5\n")

    plate = read_plate_map(csv, images, ROLES)

    channels = plate.fields[0].channels
    assert (channels["dna"].channel, channels["protein"].channel) == (1, 0)
    assert channels["dna"].pixel_size_um == 0.5


@pytest.mark.parametrize("name", ["Red", "2", "re"])
def test_channel_inside_a_file_is_chosen_by_name_or_number(images: Path, name: str) -> None:
    write_channels(images / "a.tif", "dna", "gfp", "red")
    csv = write_map(images, "well,file\nA01,a.tif\n")

    plate = read_plate_map(csv, images, ROLES, {"protein": name})

    assert plate.fields[0].channels["protein"].channel == 2


def test_channel_that_is_not_inside_names_those_that_are(images: Path) -> None:
    write_channels(images / "a.tif", "dna", "red")
    csv = write_map(images, "well,file\nA01,a.tif\n")

    with pytest.raises(InvalidInput, match=r"No channel of a\.tif shows the Protein") as caught:
        read_plate_map(csv, images, ROLES, {"protein": "9"})

    assert "0: dna, 1: red" in caught.value.advice


def test_two_roles_of_one_channel_are_refused(images: Path) -> None:
    write_channels(images / "a.tif", "dna", "red")
    csv = write_map(images, "well,file\nA01,a.tif\n")

    with pytest.raises(InvalidInput, match="Two channel roles"):
        read_plate_map(csv, images, ROLES, {"protein": "dna"})


def test_name_for_an_unknown_role_is_refused(images: Path) -> None:
    csv = write_map(images, HEADER)

    with pytest.raises(InvalidParameter, match="'membrane'"):
        read_plate_map(csv, images, ROLES, {"membrane": "red"})


# ---- what bad plate maps get --------------------------------------------------------------------


def test_missing_files_are_counted_and_the_first_is_named(images: Path) -> None:
    touch(images, "d1.tif")
    rows = "A01,,,,,p1.tif,d1.tif\nA02,,,,,sub/p2.tif,d2.tif\n"
    csv = write_map(images, HEADER + rows)

    with pytest.raises(MissingFile) as caught:
        read_plate_map(csv, images, ROLES)

    assert caught.value.title.startswith("3 of 4 files that map.csv names are not in ")
    assert caught.value.title.endswith("the first is p1.tif")


def test_single_missing_file_is_said_in_the_singular(images: Path) -> None:
    touch(images, "d.tif")
    csv = write_map(images, HEADER + "A01,,,,,p.tif,d.tif\n")

    with pytest.raises(MissingFile, match=r"1 of 2 files that map\.csv names is not in"):
        read_plate_map(csv, images, ROLES)


def test_missing_folder_and_table_are_told(images: Path) -> None:
    csv = write_map(images, HEADER + "A01,,,,,p.tif,d.tif\n")

    with pytest.raises(MissingFile, match="There is no folder"):
        read_plate_map(csv, images / "nowhere", ROLES)
    with pytest.raises(MissingFile, match=r"nowhere\.csv"):
        read_plate_map(images / "nowhere.csv", images, ROLES)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        (HEADER, "names no well"),
        ("compound,protein_file,dna_file\nx,p.tif,d.tif\n", "has no column 'well'"),
        ("well,dna_file\nA01,d.tif\n", "has no column 'protein_file'"),
        ("well,well,dna_file\nA01,A01,d.tif\n", "two columns 'well'"),
        (HEADER + "A01,x\n", "Line 2 of map.csv has 2 cells"),
        (HEADER + "top left,x,1,nM,,p.tif,d.tif\n", "Row 1 of map.csv: 'top left' is not a well"),
        (HEADER + "A01,x,much,nM,,p.tif,d.tif\n", "'much' is not a dose"),
        (HEADER + "A01,x,-1,nM,,p.tif,d.tif\n", "'-1' is not a dose"),
        (HEADER + "A01,x,inf,nM,,p.tif,d.tif\n", "'inf' is not a dose"),
        (HEADER + "A01,x,1,nM,,p.tif,\n", "well A01 has no file in 'dna_file'"),
        (HEADER + "A01,x,1,nM,,,\n", "names no image file"),
        (HEADER + "A01,x,1,nM,,p.tif,d.tif\nA1,x,2,nM,,q.tif,e.tif\n", "in another way"),
        ("well,field,protein_file,dna_file\nA01,1,p.tif,d.tif\nA01,1,q,e\n", "a field '1' already"),
        ("well,pixel_size_um,protein_file,dna_file\nA01,0,p.tif,d.tif\n", "not a pixel size"),
    ],
)
def test_malformed_table_gets_one_clear_sentence(images: Path, text: str, sentence: str) -> None:
    csv = write_map(images, text)

    with pytest.raises(InvalidInput) as caught:
        read_plate_map(csv, images, ROLES)

    assert sentence in caught.value.title


def test_table_that_is_no_text_is_told(images: Path) -> None:
    csv = write_map(images, HEADER + "A01,µ,,,,p.tif,d.tif\n", encoding="utf-16")

    with pytest.raises(UnreadableFile):
        read_plate_map(csv, images, ROLES)


# ---- folders without a plate map ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "well", "field"),
    [
        (("A01_ch1_fkhr_gfp.tif", "A01_ch2_dna.tif"), "A01", "1"),
        (("plate7_b3_f02_GFP.tif", "plate7_b3_f02_DAPI.tif"), "B03", "2"),
        (("r02c05f03p01-ch1 gfp.tiff", "r02c05f03p01-ch2 hoechst.tiff"), "B05", "3"),
        (("exp-H12-site4-w1-p65.png", "exp-H12-site4-w2-dna.png"), "H12", "4"),
    ],
)
def test_well_and_field_are_read_from_names(
    images: Path, names: tuple[str, str], well: str, field: str
) -> None:
    touch(images, *names)

    plate = fields_from_folder(images, ROLES)

    assert [(item.well, item.name) for item in plate.fields] == [(well, field)]
    assert plate.fields[0].channels["protein"].path == str(images / names[0])
    assert plate.fields[0].channels["dna"].path == str(images / names[1])
    assert plate.wells[0].well == well
    assert plate.warnings == ()


def test_names_without_a_well_pair_by_what_they_share(images: Path) -> None:
    touch(images, "cells_one_gfp.tif", "cells_one_dapi.tif", "two-GFP.tif", "two-DAPI.tif")

    plate = fields_from_folder(images, ROLES)

    assert [item.well for item in plate.fields] == ["cells_one", "two"]


def test_two_images_of_one_place_are_told_apart_by_the_rest_of_their_names(images: Path) -> None:
    touch(images, *(f"A01_{day}_{word}.tif" for day in ("mon", "tue") for word in ("gfp", "dna")))

    plate = fields_from_folder(images, ROLES)

    assert [(item.well, item.name) for item in plate.fields] == [("A01", "1 mon"), ("A01", "1 tue")]


def test_given_word_chooses_the_files_of_a_role(images: Path) -> None:
    touch(images, "A01_green.tif", "A01_blue.tif")

    plate = fields_from_folder(images, ROLES, {"protein": "green", "dna": "BLUE"})

    assert plate.fields[0].channels["dna"].path == str(images / "A01_blue.tif")


def test_files_with_all_channels_count_by_themselves(images: Path) -> None:
    write_channels(images / "A01.ome.tif", "GFP", "DAPI")
    write_channels(images / "blurred.tif", "GFP", "DAPI")

    plate = fields_from_folder(images, ROLES)

    assert [item.well for item in plate.fields] == ["A01", "blurred"]
    assert plate.fields[0].channels["dna"].channel == 1


def test_file_with_all_channels_may_be_named_after_one(images: Path) -> None:
    write_channels(images / "protein_001.tif", "DAPI", "GFP")
    write_channels(images / "protein_002.tif", "DAPI", "GFP")

    fields = fields_from_folder(images, ROLES).fields

    assert [item.well for item in fields] == ["protein_001", "protein_002"]
    assert {role: image.channel for role, image in fields[0].channels.items()} == {
        "dna": 0,
        "protein": 1,
    }


def test_leftover_files_are_reported(images: Path) -> None:
    touch(images, "A01_gfp.tif", "A01_dna.tif", "A02_gfp.tif")
    write_channels(images / "notes.tif", "red")

    plate = fields_from_folder(images, ROLES)

    assert len(plate.fields) == 1
    assert plate.warnings[0].startswith("2 files were left out")
    assert "A02_gfp.tif" in plate.warnings[0]


def test_folder_without_any_complete_field_is_told(images: Path) -> None:
    touch(images, "A01_gfp.tif")

    with pytest.raises(InvalidInput, match="No field with all channels"):
        fields_from_folder(images, ROLES)
    with pytest.raises(MissingFile, match="There is no folder"):
        fields_from_folder(images / "nowhere", ROLES)


def test_real_plate_is_found_with_and_without_its_map() -> None:
    folder = require_shared_data("translocation/bbbc013")

    mapped = read_plate_map(folder / "plate_map.csv", folder, ROLES)
    guessed = fields_from_folder(folder, ROLES)

    assert len(mapped.wells) == len(mapped.fields) == 48
    assert mapped.warnings == guessed.warnings == ()
    assert {item.well: item.channels for item in guessed.fields} == {
        item.well: item.channels for item in mapped.fields
    }
