"""What of a drop is a file on this computer."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl

from superlens.gui.drops import local_paths


def dropped(*addresses: QUrl) -> tuple[Path, ...]:
    data = QMimeData()
    data.setUrls(list(addresses))
    return local_paths(data)


@pytest.mark.parametrize("name", ["a b.tif", "Zellen µ漢🔬.tif", "50%20 #1 [2]?.tif"])
def test_names_of_files_arrive_unchanged(tmp_path: Path, name: str) -> None:
    assert dropped(QUrl.fromLocalFile(str(tmp_path / name))) == (tmp_path / name,)


@pytest.mark.parametrize("address", ["https://x.org/a.tif", "smb://nas/a.tif", "data:,a", ""])
def test_addresses_that_are_no_local_file_are_left_out(address: str) -> None:
    assert dropped(QUrl(address)) == ()


def test_file_on_a_named_server_keeps_the_server_in_its_path() -> None:
    assert dropped(QUrl("file://nas/share/a%20b.tif")) == (Path("//nas/share/a b.tif"),)
