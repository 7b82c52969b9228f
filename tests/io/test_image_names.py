import pytest

from superlens.io.image_names import IMAGE_SUFFIXES, without_ending


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("field_01.ome.tif", "field_01"),
        ("Field 1.OME.TIFF", "Field 1"),
        ("a.b.nd2", "a.b"),
        ("notes.txt", "notes.txt"),
        (".tif", ".tif"),
        ("no ending", "no ending"),
    ],
)
def test_only_the_ending_of_an_image_goes(name: str, bare: str) -> None:
    assert without_ending(name) == bare


def test_every_suffix_is_as_a_path_gives_it() -> None:
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in IMAGE_SUFFIXES)
