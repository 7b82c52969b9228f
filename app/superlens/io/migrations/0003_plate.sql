-- Plates are layouts as core/plate.py has them; images name theirs in their records.
CREATE TABLE plate (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL
);
