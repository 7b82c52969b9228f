"""Two windows on one project, locks left behind, and folders with difficult names."""

import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from superlens.core.blinding import AuditEntry
from superlens.core.errors import InvalidInput, ProjectLocked
from superlens.core.plate import PlateLayout, PlateSize
from superlens.core.records import FileIdentity, ImageInfo, ImageRecord
from superlens.io import store as store_module
from superlens.io.lock_file import lock_holder
from superlens.io.store import LOCK_FILE, ProjectStore


def image(image_id: str) -> ImageRecord:
    return ImageRecord(image_id, "a.tif", FileIdentity(1, 2, image_id), ImageInfo("a", "TIFF", ()))


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ProjectStore]:
    with ProjectStore.create(tmp_path / "Screen 4") as store:
        store.add_image(image("first"))
        yield store


def leave_lock(folder: Path, silent_s: float, **changes: object) -> None:
    """Write the lock of a computer that is gone."""
    owner = {"host": "lab-3", "pid": 4021, "process_started": 1.0, "token": "left"} | changes
    (folder / LOCK_FILE).write_text(json.dumps(owner))
    then = time.time() - silent_s
    os.utime(folder / LOCK_FILE, (then, then))


def test_second_window_looks_on_and_says_why(writer: ProjectStore) -> None:
    with ProjectStore.open(writer.folder, read_only=True) as second:
        writer.add_image(image("second"))

        assert [one.id for one in second.images()] == ["first", "second"]
        assert second.read_only_reason == (
            f"It is open for writing by process {os.getpid()} on {socket.gethostname()}. "
            "Close it there first"
        )
    assert writer.read_only_reason == ""
    writer.add_image(image("third"))


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.add_image(image("x")),
        lambda store: store.set_setting("x", 1),
        lambda store: store.plates.save(PlateLayout("p", "P", PlateSize.WELLS_6)),
        lambda store: store.audit.add(AuditEntry("now", "me", "blinded")),
    ],
)
def test_second_window_changes_nothing(writer: ProjectStore, change) -> None:
    with ProjectStore.open(writer.folder, read_only=True) as second:
        with pytest.raises(ProjectLocked, match="open for reading only"):
            change(second)

        assert [one.id for one in second.images()] == ["first"]


def test_only_looking_leaves_no_trace(writer: ProjectStore, names_in) -> None:
    writer.close()
    content = (writer.folder / "project.sqlite").read_bytes()

    with ProjectStore.open(writer.folder, read_only=True) as second:
        assert second.read_only_reason == "It was opened for reading only"

    assert names_in(writer.folder) == ["project.sqlite"]
    assert (writer.folder / "project.sqlite").read_bytes() == content


@pytest.mark.skipif(
    os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root may write"
)
def test_project_in_a_folder_that_may_not_be_written_can_be_looked_at(
    writer: ProjectStore,
) -> None:
    writer.close()
    writer.folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(InvalidInput, match="cannot be written"):
            ProjectStore.open(writer.folder)
        with ProjectStore.open(writer.folder, read_only=True) as second:
            assert len(second.images()) == 1
    finally:
        writer.folder.chmod(stat.S_IRWXU)


def test_lock_of_a_silent_computer_is_explained_and_taken_over_only_when_asked(
    writer: ProjectStore,
) -> None:
    writer.close()
    leave_lock(writer.folder, silent_s=1200)

    with pytest.raises(ProjectLocked) as told:
        ProjectStore.open(writer.folder)
    with ProjectStore.open(writer.folder, take_over=True) as store:
        store.add_image(image("mine"))

    assert told.value.title == "The project Screen 4 is being written by process 4021 on lab-3"
    assert told.value.advice.startswith(
        "The lock was left behind by process 4021 on lab-3, silent for 20 minutes"
    )


def test_lock_whose_heart_beats_is_not_taken_over_even_when_asked(writer: ProjectStore) -> None:
    writer.close()
    leave_lock(writer.folder, silent_s=30)

    with pytest.raises(ProjectLocked, match="on lab-3") as told:
        ProjectStore.open(writer.folder, take_over=True)

    assert "was heard 30 s ago" in told.value.advice


def test_lock_of_a_process_of_this_computer_that_died_is_no_question(
    writer: ProjectStore,
) -> None:
    writer.close()
    leave_lock(writer.folder, 0, host=socket.gethostname(), pid=psutil.Process().pid)
    holder = lock_holder(writer.folder / LOCK_FILE)

    ProjectStore.open(writer.folder).close()

    assert holder is not None
    assert holder.is_gone
    assert "runs no more" in holder.explanation


def test_writer_whose_project_was_taken_over_stops_writing(writer: ProjectStore) -> None:
    leave_lock(writer.folder, silent_s=1)

    with pytest.raises(ProjectLocked, match="process 4021 on lab-3"):
        writer.add_image(image("late"))

    assert [one.id for one in writer.images()] == ["first"]


@pytest.mark.parametrize("silent_s", [10, 400, 4 * 3600, 5 * 86400])
def test_silence_is_told_in_words(tmp_path: Path, silent_s: int) -> None:
    leave_lock(tmp_path, silent_s)
    holder = lock_holder(tmp_path / LOCK_FILE)

    words = {10: "10 s", 400: "7 minutes", 4 * 3600: "4 hours", 5 * 86400: "5 days"}

    assert holder is not None
    assert words[silent_s] in holder.explanation


@pytest.mark.parametrize(
    "name",
    [
        "with spaces and 100% # ? & [1]",
        "Größe µm – 核 ядро 🧬",
        "it's; DROP TABLE image--",
        "a" * 250,
    ],
    ids=["signs", "unicode", "quotes", "250 characters"],
)
def test_projects_live_in_folders_with_difficult_names(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    with ProjectStore.create(folder) as store:
        store.add_image(image("a"))
        with ProjectStore.open(folder, read_only=True) as second:
            assert second.images() == (image("a"),)

    with ProjectStore.open(folder) as again:
        assert again.images() == (image("a"),)


def test_no_file_that_a_network_share_may_lack_is_used(writer: ProjectStore, names_in) -> None:
    """Neither a write-ahead log nor its shared memory, and no file is mapped into memory."""
    writer.add_image(image("x"))

    assert names_in(writer.folder) == ["project.lock", "project.sqlite"]
    assert writer._database.rows("PRAGMA journal_mode") == [("delete",)]
    assert writer._database.rows("PRAGMA mmap_size") == [(0,)]


def test_path_that_windows_does_not_allow_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module.sys, "platform", "win32")
    monkeypatch.setattr(store_module, "_has_long_paths", lambda: False)
    folder = tmp_path / ("p" * 200)

    with pytest.raises(InvalidInput, match="Windows allows programs 259") as told:
        ProjectStore.create(folder)

    assert "long paths switched on" in told.value.advice
    assert not folder.exists()
