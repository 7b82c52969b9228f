"""The images of a project, read one by one or in slices, so that ten thousand open as fast as ten.

Part of `store`, which opens the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from superlens.core.records import FileIdentity, ImageRecord
from superlens.io.store_database import Database, require_one, text_of

_AT_ONCE = 500
"""SQLite takes at least 999 values in one statement."""


@dataclass(frozen=True, slots=True)
class ImageLink:
    """Where the file of an image should lie, and how it was."""

    image_id: str
    path: str
    seen_at: str
    identity: FileIdentity


@dataclass(frozen=True, slots=True)
class _Parts:
    id: str
    parts: tuple[str, str | None, FileIdentity]


class StoredImages:
    """The table of images."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ids(self) -> tuple[str, ...]:
        """Give the ids of all images in the order of their import, without reading any record."""
        # The index is named because SQLite would rather walk the table, records and all.
        rows = self._database.rows("SELECT id FROM image INDEXED BY image_order ORDER BY position")
        return tuple(row[0] for row in rows)

    def all(self) -> tuple[ImageRecord, ...]:
        """Give all images in the order of their import."""
        return self._database.records(ImageRecord, "SELECT record FROM image ORDER BY position")

    def first(self, count: int) -> tuple[ImageRecord, ...]:
        """Give the first images in the order of their import."""
        query = "SELECT record FROM image ORDER BY position LIMIT ?"
        return self._database.records(ImageRecord, query, (count,))

    def some(self, ids: Sequence[str]) -> dict[str, ImageRecord]:
        """Give images by their ids; those that are not there are left out."""
        found: dict[str, ImageRecord] = {}
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            query = f"SELECT record FROM image WHERE id IN ({marks})"
            found |= {item.id: item for item in self._database.records(ImageRecord, query, part)}
        return {image_id: found[image_id] for image_id in ids if image_id in found}

    def links(self, ids: Sequence[str]) -> tuple[ImageLink, ...]:
        """Give the links of images by their ids, without reading the rest of their records."""
        marks = ", ".join("?" * len(ids))
        parts = "'$.path', '$.seen_at', '$.identity'"
        found = self._database.records(
            _Parts,
            f"SELECT json_object('id', id, 'parts', json_extract(record, {parts})) "
            f"FROM image WHERE id IN ({marks})",
            ids,
        )
        return tuple(
            ImageLink(item.id, item.parts[0], item.parts[1] or "", item.parts[2]) for item in found
        )

    def twin_of(self, identity: FileIdentity) -> ImageRecord | None:
        """Give the image whose file has the same size and the same ends, or None."""
        query = "SELECT record FROM image WHERE json_extract(record, '$.identity.quick_sha256') = ?"
        alike = self._database.records(ImageRecord, query, (identity.quick_sha256,))
        return next(
            (item for item in alike if item.identity.size_bytes == identity.size_bytes), None
        )

    def add(self, *records: ImageRecord) -> None:
        """Add images, all or none; `ValueError` when an id is taken."""
        with self._database.change("add an image") as database:
            database.executemany(
                "INSERT INTO image (id, record) VALUES (?, ?)",
                [(record.id, text_of(record)) for record in records],
            )

    def update(self, *records: ImageRecord) -> None:
        """Replace the records of images, all or none; `KeyError` when one is not there."""
        with self._database.change("change an image") as database:
            for record in records:
                changed = database.execute(
                    "UPDATE image SET record = ? WHERE id = ?", (text_of(record), record.id)
                )
                require_one(changed, record.id)

    def remove(self, image_id: str) -> None:
        """Forget an image, not its results; `KeyError` when there is none with the id."""
        with self._database.change("remove an image") as database:
            require_one(database.execute("DELETE FROM image WHERE id = ?", (image_id,)), image_id)
