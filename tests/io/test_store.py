import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from superlens.core.errors import (
    DiskFull,
    ErrorInfo,
    IncompatibleVersion,
    InvalidInput,
    MissingFile,
    ProjectLocked,
    UnreadableFile,
)
from superlens.core.jobs import JobRecord, JobState, ThumbnailRequest
from superlens.core.records import (
    ChannelInfo,
    FileIdentity,
    ImageInfo,
    ImageRecord,
    ImageRole,
    Number,
    ResultFile,
    ResultRecord,
    SceneInfo,
)
from superlens.core.units import PixelSizeOrigin, PixelSizes
from superlens.io import store_database, store_format
from superlens.io.store import AttachedResult, ProjectStore

MIGRATIONS = Path(store_format.__file__).parent / "migrations"


def image(image_id: str = "i1", **changes: object) -> ImageRecord:
    sizes = PixelSizes(0.3, 0.1, 0.1, PixelSizeOrigin.REPORTED, "OME-XML PhysicalSizeX")
    scene = SceneInfo("S 1", (1, 1, 2, 8, 9), "uint16", sizes, (ChannelInfo("DAPI", 461.0),))
    info = ImageInfo("a.ome.tif", "OME-TIFF", (scene,), ("careful",))
    record = ImageRecord(image_id, "../raw/a.ome.tif", FileIdentity(10, 20, "ab"), info)
    return replace(record, **changes)  # type: ignore[arg-type]


def job(job_id: str = "j1") -> JobRecord:
    return JobRecord(job_id, ThumbnailRequest((), "found"), "Look at a", created="2026-01-01")


def result(job_id: str = "j1") -> ResultRecord:
    return ResultRecord(
        job_id, "restore", "results/a", (ResultFile("mean", "mean.ome.tif"),), (Number("n", 1.5),)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "Screen 4"


@pytest.fixture
def store(folder: Path) -> Iterator[ProjectStore]:
    with ProjectStore.create(folder) as made:
        yield made


def reopened(store: ProjectStore) -> ProjectStore:
    store.close()
    return ProjectStore.open(store.folder)


def test_new_project_is_empty(store: ProjectStore, names_in) -> None:
    assert store.images() == store.jobs() == store.results() == ()
    assert names_in(store.folder) == ["project.lock", "project.sqlite"]


def test_everything_is_there_after_opening_again(store: ProjectStore) -> None:
    store.add_image(image())
    store.add_job(job())
    store.add_result(("i1",), result())
    store.set_setting("lut", "magma")

    with reopened(store) as again:
        assert again.images() == (image(),)
        assert again.jobs() == (job(),)
        assert again.results() == (AttachedResult(("i1",), result()),)
        assert again.setting("lut") == "magma"


def test_images_stay_in_the_order_of_import(store: ProjectStore) -> None:
    for image_id in ("c", "a", "b"):
        store.add_image(image(image_id))
    store.update_image(image("c", role=ImageRole.CONTROL))

    assert [record.id for record in store.images()] == ["c", "a", "b"]


def test_updated_image_replaces_the_old_record(store: ProjectStore) -> None:
    store.add_image(image())

    store.update_image(image(well="B03", tags=("good",)))

    assert store.images() == (image(well="B03", tags=("good",)),)


def test_updated_job_replaces_the_old_record(store: ProjectStore) -> None:
    store.add_job(job())
    ended = replace(job(), state=JobState.FAILED, error=ErrorInfo("disk_full", "The disk is full"))

    store.update_job(ended)

    assert store.jobs() == (ended,)


def test_removed_image_leaves_its_results(store: ProjectStore) -> None:
    store.add_image(image("a"))
    store.add_image(image("b"))
    store.add_result(("b", "a"), result())

    store.remove_image("a")

    assert [record.id for record in store.images()] == ["b"]
    assert store.results() == (AttachedResult(("b",), result()),)


def test_result_keeps_the_order_of_its_images(store: ProjectStore) -> None:
    for image_id in ("a", "b", "c"):
        store.add_image(image(image_id))

    store.add_result(("c", "a", "b"), result())

    assert store.results()[0].image_ids == ("c", "a", "b")


def test_result_may_belong_to_no_image(store: ProjectStore) -> None:
    store.add_result((), result())

    assert store.results() == (AttachedResult((), result()),)


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.update_image(image("nobody")),
        lambda store: store.remove_image("nobody"),
        lambda store: store.update_job(job("nobody")),
    ],
    ids=["update image", "remove image", "update job"],
)
def test_unknown_ids_are_key_errors(store: ProjectStore, act) -> None:
    with pytest.raises(KeyError, match="nobody"):
        act(store)


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.add_image(image()),
        lambda store: store.add_job(job()),
        lambda store: store.add_result((), result()),
    ],
    ids=["image", "job", "result"],
)
def test_taken_ids_are_value_errors(store: ProjectStore, act) -> None:
    act(store)

    with pytest.raises(ValueError, match="UNIQUE"):
        act(store)


def test_result_with_one_unknown_image_is_not_added_at_all(store: ProjectStore) -> None:
    store.add_image(image("a"))

    with pytest.raises(ValueError, match="FOREIGN KEY"):
        store.add_result(("a", "nobody"), result())

    assert store.results() == ()
    store.add_result(("a",), result())
    assert len(store.results()) == 1


@pytest.mark.parametrize("value", [None, True, 3, 0.1, "text µ"])
def test_settings_of_every_plain_type_come_back(store: ProjectStore, value) -> None:
    store.set_setting("x", 0)

    store.set_setting("x", value)

    assert store.setting("x") == value


def test_absent_setting_has_the_default(store: ProjectStore) -> None:
    assert store.setting("nothing", 5) == 5


def test_second_program_cannot_open_the_project(store: ProjectStore, child_environment) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from superlens.io.store import ProjectStore\n"
        "from superlens.core.errors import ProjectLocked\n"
        "try:\n    ProjectStore.open(Path(sys.argv[1]))\n"
        "except ProjectLocked as error:\n    sys.exit(error.title)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(store.folder)],
        env=child_environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "The project Screen 4 is being written by process" in done.stderr


def test_project_of_a_killed_program_opens_with_all_committed_changes(
    folder: Path, child_environment
) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from superlens.io.store import ProjectStore\n"
        "store = ProjectStore.create(Path(sys.argv[1]))\n"
        "store.set_setting('done', 1)\n"
        "store._database.connection.execute('BEGIN IMMEDIATE')\n"
        "store._database.connection.execute(\"INSERT INTO setting VALUES ('half', '1')\")\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], env=child_environment, timeout=60)

    with ProjectStore.open(folder) as store:
        assert store.setting("done") == 1
        assert store.setting("half") is None


def test_writing_stops_when_another_program_took_over(store: ProjectStore) -> None:
    (store.folder / "project.lock").write_text("{}")

    with pytest.raises(ProjectLocked):
        store.add_image(image())

    assert store.images() == ()


def test_closed_project_leaves_no_lock(folder: Path, names_in) -> None:
    store = ProjectStore.create(folder)

    store.close()
    store.close()

    assert names_in(folder) == ["project.sqlite"]


def test_project_is_not_made_over_another(store: ProjectStore) -> None:
    store.close()

    with pytest.raises(InvalidInput, match="already holds a project"):
        ProjectStore.create(store.folder)


def test_folder_without_a_project_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="no project"):
        ProjectStore.open(tmp_path)


def test_project_that_may_not_be_entered_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)

    with pytest.raises(UnreadableFile, match="may not be read"):
        ProjectStore.open(folder)


def test_project_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(InvalidInput, match="cannot be written"):
        ProjectStore.create(tmp_path / "file")


def test_database_is_marked_and_keeps_a_rollback_journal(store: ProjectStore) -> None:
    connection = store._database.connection

    assert connection.execute("PRAGMA application_id").fetchone() == (store_format.APPLICATION_ID,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert connection.execute("PRAGMA user_version").fetchone() == (
        len(list(MIGRATIONS.iterdir())),
    )


def test_damaged_database_is_told_and_unlocked(store: ProjectStore, names_in) -> None:
    store.close()
    (store.folder / "project.sqlite").write_bytes(b"garbage " * 1000)

    with pytest.raises(UnreadableFile, match="damaged") as caught:
        ProjectStore.open(store.folder)

    assert "results" in caught.value.advice
    assert names_in(store.folder) == ["project.sqlite"]


def test_truncated_database_is_told(store: ProjectStore) -> None:
    store.add_image(image())
    store.close()
    path = store.folder / "project.sqlite"
    path.write_bytes(path.read_bytes()[:6000])

    with pytest.raises(UnreadableFile, match="damaged"):
        ProjectStore.open(store.folder)


def test_database_of_another_program_is_told(folder: Path) -> None:
    folder.mkdir()
    connection = sqlite3.connect(folder / "project.sqlite")
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()

    with pytest.raises(UnreadableFile, match="not a Superlens project"):
        ProjectStore.open(folder)


def test_project_of_a_newer_version_is_told_and_not_touched(store: ProjectStore) -> None:
    store._database.connection.execute("PRAGMA user_version = 99")
    store.close()
    before = (store.folder / "project.sqlite").read_bytes()

    with pytest.raises(IncompatibleVersion, match="format 99"):
        ProjectStore.open(store.folder)

    assert (store.folder / "project.sqlite").read_bytes() == before


@pytest.fixture
def two_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of the first migration and another one, which the module then uses."""
    folder = tmp_path / "package" / "migrations"
    folder.mkdir(parents=True)
    shutil.copy2(MIGRATIONS / "0001_initial.sql", folder)
    (folder / "0002_note.sql").write_text(
        "-- A note; with a semicolon\nALTER TABLE image ADD COLUMN note TEXT;\n"
        "INSERT INTO setting VALUES ('migrated', '\"a;b\"');\n"
    )
    monkeypatch.setattr(store_format, "files", lambda _: folder.parent)
    return folder


def test_older_project_is_copied_and_brought_up_to_date(
    folder: Path, two_steps: Path, names_in
) -> None:
    second = (two_steps / "0002_note.sql").rename(two_steps / "later")
    with ProjectStore.create(folder) as old:
        old.add_image(image())
    second.rename(two_steps / "0002_note.sql")

    with ProjectStore.open(folder) as store:
        assert store.images() == (image(),)
        assert store.setting("migrated") == "a;b"
        assert store._database.connection.execute("SELECT note FROM image").fetchall() == [(None,)]

    assert names_in(folder) == ["project.sqlite", "project.sqlite.format-1"]


def test_failing_step_leaves_the_project_as_it_was(folder: Path, two_steps: Path) -> None:
    broken = (two_steps / "0002_note.sql").read_text() + "DROP TABLE nothing;\n"
    (two_steps / "0002_note.sql").unlink()
    ProjectStore.create(folder).close()
    (two_steps / "0002_note.sql").write_text(broken)

    with pytest.raises(UnreadableFile):
        ProjectStore.open(folder)

    (two_steps / "0002_note.sql").unlink()
    with ProjectStore.open(folder) as store:
        assert store.setting("migrated") is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, DiskFull),
        (sqlite3.SQLITE_BUSY, ProjectLocked),
        (sqlite3.SQLITE_LOCKED, ProjectLocked),
        (sqlite3.SQLITE_READONLY, InvalidInput),
        (sqlite3.SQLITE_IOERR, UnreadableFile),
    ],
)
def test_failures_of_the_database_are_told_in_plain_words(code: int, kind: type) -> None:
    error = sqlite3.OperationalError("low-level words")
    error.sqlite_errorcode = code | 0x300  # an extended code, as SQLite gives

    told = store_database._translated(Path("project.sqlite"), "add an image", error)

    assert type(told) is kind
    assert "add an image" in told.title
    assert "low-level" not in told.title


def test_full_disk_rolls_back_and_the_project_goes_on(store: ProjectStore) -> None:
    pages = store._database.connection.execute("PRAGMA page_count").fetchone()[0]
    store._database.connection.execute(f"PRAGMA max_page_count = {pages}")
    large = image("large", tags=tuple(f"tag {number}" for number in range(5000)))

    with pytest.raises(DiskFull):
        store.add_image(large)

    store._database.connection.execute("PRAGMA max_page_count = 1000000")
    assert store.images() == ()
    store.add_image(large)
    assert store.images() == (large,)
