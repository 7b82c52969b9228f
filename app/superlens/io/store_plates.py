"""The plates of a project, and the audit of what was done to its names.

Part of `store`, which opens the database.
"""

import json
from collections.abc import Mapping, Sequence

from superlens.core.blinding import AuditEntry
from superlens.core.parameters import ParameterValue
from superlens.core.plate import PlateLayout
from superlens.core.records import ImageRecord
from superlens.io.store_database import Database, require_one, text_of


class StoredPlates:
    """The table of plates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[PlateLayout, ...]:
        """Give all plates in the order in which they were made."""
        return self._database.records(PlateLayout, "SELECT record FROM plate ORDER BY position")

    def save(self, *layouts: PlateLayout) -> None:
        """Add plates, or replace those with their ids, all or none."""
        with self._database.change("save a plate") as database:
            database.executemany(
                "INSERT INTO plate (id, record) VALUES (?, ?) "
                "ON CONFLICT (id) DO UPDATE SET record = excluded.record",
                [(layout.id, text_of(layout)) for layout in layouts],
            )

    def remove(self, plate_id: str, images: Sequence[ImageRecord] = ()) -> None:
        """Forget a plate and replace the records of images that named it, all in one step.

        `KeyError` when there is no plate, or no image, with the id.
        """
        with self._database.change("remove a plate") as database:
            require_one(database.execute("DELETE FROM plate WHERE id = ?", (plate_id,)), plate_id)
            for record in images:
                changed = database.execute(
                    "UPDATE image SET record = ? WHERE id = ?", (text_of(record), record.id)
                )
                require_one(changed, record.id)


class StoredAudit:
    """The table of what has to be remembered; entries are added, never changed or removed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self) -> tuple[AuditEntry, ...]:
        """Give all entries, oldest first."""
        return self._database.records(AuditEntry, "SELECT record FROM audit ORDER BY position")

    def add(self, entry: AuditEntry, settings: Mapping[str, ParameterValue] | None = None) -> None:
        """Add an entry, and keep the settings that go with it, all in one step."""
        with self._database.change("write the audit") as database:
            database.execute("INSERT INTO audit (record) VALUES (?)", (text_of(entry),))
            database.executemany(
                "INSERT INTO setting (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [(name, json.dumps(value)) for name, value in (settings or {}).items()],
            )
