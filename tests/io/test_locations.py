import subprocess
import sys
from pathlib import Path

import pytest

from superlens.io import locations

USER_FOLDERS = {
    "user_models_dir": "models",
    "settings_dir": "settings",
    "state_dir": "state",
    "cache_dir": "cache",
    "logs_dir": "logs",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a package folder `<root>/app/superlens` that the module believes to lie in."""
    folder = tmp_path / "app" / "superlens"
    folder.mkdir(parents=True)
    monkeypatch.setattr(locations, "_PACKAGE", folder)
    return folder


def test_checkout_finds_its_folders_at_the_root_of_the_repository(package: Path) -> None:
    root = package.parents[1]

    assert locations.resources_dir() == root / "resources"
    assert locations.shipped_models_dir() == root / "models"


def test_this_checkout_is_found() -> None:
    assert (locations.resources_dir().parent / "app" / "superlens" / "io").is_dir()


def test_wheel_finds_its_folders_inside_the_package(package: Path) -> None:
    (package / "_resources").mkdir()
    (package / "_models").mkdir()

    assert locations.resources_dir() == package / "_resources"
    assert locations.shipped_models_dir() == package / "_models"


def test_frozen_bundle_finds_its_folders_in_the_bundle(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "bundle"), raising=False)

    assert locations.resources_dir() == tmp_path / "bundle" / "resources"
    assert locations.shipped_models_dir() == tmp_path / "bundle" / "models"


@pytest.mark.parametrize(("function", "name"), USER_FOLDERS.items())
def test_environment_variable_holds_all_user_folders(
    function: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(locations.HOME_VARIABLE, str(tmp_path / "home"))

    assert getattr(locations, function)() == tmp_path / "home" / name


def test_home_of_the_user_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.HOME_VARIABLE, "~/superlens-home")

    assert locations.state_dir() == Path.home() / "superlens-home" / "state"


def test_user_folders_are_the_usual_ones_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(locations.HOME_VARIABLE, raising=False)

    folders = [getattr(locations, function)() for function in USER_FOLDERS]

    assert all(folder.is_absolute() and "superlens" in str(folder).lower() for folder in folders)
    assert len(set(folders)) == len(folders)


def test_asking_for_a_folder_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locations.HOME_VARIABLE, str(tmp_path / "home"))

    for function in USER_FOLDERS:
        getattr(locations, function)()

    assert not (tmp_path / "home").exists()


def test_doors_of_io_load_no_file_library(child_environment) -> None:
    """The window process imports these; TIFF, pictures and weights load where they are opened."""
    code = (
        "import sys\n"
        "import superlens.io.images, superlens.io.image_writer, superlens.io.store\n"
        "import superlens.io.runs, superlens.io.model_library, superlens.io.tables\n"
        "heavy = {'tifffile', 'PIL', 'imagecodecs', 'safetensors', 'torch', 'scipy', 'PySide6'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or None)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=child_environment,
    )

    assert (done.returncode, done.stderr) == (0, "")
