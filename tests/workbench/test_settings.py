"""Settings survive whatever is in their file."""

import json
from pathlib import Path
from typing import Any

import pytest

from superlens.core.jobs import DeviceChoice
from superlens.workbench.settings import Choices, Memory, Settings, State, Theme


def test_changed_settings_are_there_in_the_next_session(qtbot: Any, tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.json"
    Settings(path).change(theme=Theme.DARK, threads=4)

    again = Settings(path)

    assert again.values == Choices(theme=Theme.DARK, threads=4)
    assert again.warnings == ()


def test_change_is_signalled_after_it_was_written(qtbot: Any, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings = Settings(path)
    written: list[str] = []
    settings.changed.connect(lambda _: written.append(json.loads(path.read_text())["theme"]))

    settings.change(theme=Theme.LIGHT)

    assert written == ["light"]


def test_missing_file_means_defaults_without_a_warning(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")

    assert settings.values == Choices()
    assert settings.warnings == ()


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\xfe\x00", b"null"])
def test_broken_file_means_defaults_and_is_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)

    settings = Settings(path)

    assert settings.values == Choices()
    assert "settings.json" in settings.warnings[0]
    assert (tmp_path / "settings.json.broken").read_bytes() == content
    settings.change(theme=Theme.DARK)
    assert Settings(path).values.theme is Theme.DARK


@pytest.mark.parametrize(
    ("name", "value"),
    [("theme", "purple"), ("threads", "many"), ("threads", 0), ("samples", -1), ("device", 3)],
)
def test_bad_value_becomes_the_default_with_a_warning_and_the_rest_stays(
    tmp_path: Path, name: str, value: object
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"projects_folder": "here", name: value}))

    settings = Settings(path)

    assert settings.values == Choices(projects_folder="here")
    assert len(settings.warnings) == 1
    assert json.dumps(value) in settings.warnings[0]


def test_unknown_keys_stay_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"of a newer version": {"a": 1}, "device": "cpu"}')

    settings = Settings(path)
    settings.change(theme=Theme.DARK)

    assert settings.values.device is DeviceChoice.CPU
    assert json.loads(path.read_text())["of a newer version"] == {"a": 1}


def test_folder_that_cannot_be_written_does_not_stop_the_program(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    settings = Settings(tmp_path / "file" / "settings.json")

    settings.change(theme=Theme.DARK)

    assert settings.values.theme is Theme.DARK
    assert "was not saved" in caplog.text


def test_recent_projects_are_few_and_the_last_one_comes_first(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json")
    for number in range(20):
        state.remember_project(tmp_path / str(number))

    state.remember_project(tmp_path / "10")
    state.forget_project(tmp_path / "19")

    recent = State(tmp_path / "state.json").values.recent_projects
    assert recent[:3] == tuple(str(tmp_path / name) for name in ("10", "18", "17"))
    assert len(recent) == 11


def test_state_is_read_back(tmp_path: Path) -> None:
    State(tmp_path / "state.json").change(window_geometry="AdnQywAD", model="fine-x2")

    again = State(tmp_path / "state.json")

    assert again.values == Memory(window_geometry="AdnQywAD", model="fine-x2")
