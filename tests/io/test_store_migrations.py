"""Each step of the project's format, taken by a database as the version before it left it."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from superlens.core.assay import WellInfo, WellRole
from superlens.core.blinding import AuditEntry
from superlens.core.plate import PlateLayout, PlateSize
from superlens.core.records import FileIdentity, ImageInfo, ImageRecord
from superlens.io import store_format
from superlens.io.codec import encode
from superlens.io.store import DATABASE_FILE, ProjectStore

MIGRATIONS = Path(store_format.__file__).parent / "migrations"


def image(image_id: str) -> ImageRecord:
    return ImageRecord(
        image_id, f"{image_id}.tif", FileIdentity(5, 6, f"q{image_id}"), ImageInfo("a", "TIFF", ())
    )


def old_project(folder: Path, version: int) -> Path:
    """Make a project with two images as the version of that format wrote it."""
    folder.mkdir()
    connection = sqlite3.connect(folder / DATABASE_FILE, isolation_level=None)
    for step in sorted(MIGRATIONS.glob("*.sql"))[:version]:
        connection.executescript(step.read_text(encoding="utf-8"))
    connection.execute(f"PRAGMA application_id = {store_format.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    for one in ("b", "a"):
        connection.execute(
            "INSERT INTO image (id, record) VALUES (?, ?)", (one, encode(image(one)).decode())
        )
    connection.close()
    return folder


def uses_the_lookup(store: ProjectStore) -> None:
    assert store.catalogue.ids() == ("b", "a")
    assert store.catalogue.twin_of(FileIdentity(5, 99, "qa")) == image("a")


def keeps_plates(store: ProjectStore) -> None:
    layout = PlateLayout(
        "p", "Plate 1", PlateSize.WELLS_96, (WellInfo("A01", role=WellRole.NEGATIVE),)
    )
    store.plates.save(layout)
    assert store.plates.all() == (layout,)


def keeps_an_audit(store: ProjectStore) -> None:
    entry = AuditEntry("2026-01-01", "me", "blinded")
    store.audit.add(entry)
    assert store.audit.entries() == (entry,)


def keeps_named_axes(store: ProjectStore) -> None:
    named = replace(image("a"), axes="TYX", scenes=(0, 2), wells=("A01", "", "A02"))
    store.catalogue.update(named)
    assert store.catalogue.some(["a"]) == {"a": named}


@pytest.mark.parametrize(
    ("before", "does_something_new"),
    [(1, uses_the_lookup), (2, keeps_plates), (3, keeps_an_audit), (4, keeps_named_axes)],
    ids=["0002_image_lookup", "0003_plate", "0004_audit", "0005_named_axes"],
)
def test_project_of_each_older_format_opens_and_can_do_what_the_next_step_brought(
    tmp_path: Path, before: int, does_something_new: Callable[[ProjectStore], None]
) -> None:
    folder = old_project(tmp_path / "old", before)

    with ProjectStore.open(folder) as store:
        assert store.images() == (image("b"), image("a"))
        does_something_new(store)

    assert (folder / f"{DATABASE_FILE}.format-{before}").is_file()


def test_older_project_that_is_only_read_is_not_changed(tmp_path: Path) -> None:
    folder = old_project(tmp_path / "old", 1)
    before = (folder / DATABASE_FILE).read_bytes()

    with ProjectStore.open(folder, read_only=True) as store:
        uses_the_lookup(store)
        assert store.plates.all() == ()

    assert (folder / DATABASE_FILE).read_bytes() == before
    assert [entry.name for entry in folder.iterdir()] == [DATABASE_FILE]


def test_every_step_has_a_test_here() -> None:
    newest = max(int(step.name[:4]) for step in MIGRATIONS.glob("*.sql"))

    assert newest == 5


def test_list_of_ids_reads_no_record(tmp_path: Path) -> None:
    with ProjectStore.create(tmp_path / "p") as store:
        plans = [
            store._database.rows(f"EXPLAIN QUERY PLAN {query}")
            for query in (
                "SELECT id FROM image INDEXED BY image_order ORDER BY position",
                "SELECT record FROM image "
                "WHERE json_extract(record, '$.identity.quick_sha256') = 'a'",
            )
        ]

    assert "USING COVERING INDEX image_order" in plans[0][0][3]
    assert "USING INDEX image_content" in plans[1][0][3]


def test_images_are_changed_all_or_none(tmp_path: Path) -> None:
    with ProjectStore.create(tmp_path / "p") as store:
        store.catalogue.add(image("a"), image("b"))
        moved = replace(image("a"), path="elsewhere.tif")

        with pytest.raises(KeyError, match="nobody"):
            store.catalogue.update(moved, image("nobody"))

        assert store.catalogue.some(["b", "gone", "a"]) == {"b": image("b"), "a": image("a")}


def test_links_are_read_without_records_also_of_images_of_the_first_format(
    tmp_path: Path,
) -> None:
    with ProjectStore.create(tmp_path / "p") as store:
        store.catalogue.add(image("a"), replace(image("b"), seen_at="/raw/b.tif"))
        with store._database.change("make an old record") as database:
            database.execute("UPDATE image SET record = json_remove(record, '$.seen_at')")

        links = store.catalogue.links(["b", "a", "gone"])

    assert {(one.image_id, one.path, one.seen_at, one.identity) for one in links} == {
        (name, f"{name}.tif", "", FileIdentity(5, 6, f"q{name}")) for name in "ab"
    }
