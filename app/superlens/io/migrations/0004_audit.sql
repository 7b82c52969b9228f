-- What has to be remembered for ever, such as an unblinding: rows are added and never changed.
CREATE TABLE audit (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    record TEXT NOT NULL
);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE (ABORT, 'the audit is not changed');
END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN
    SELECT RAISE (ABORT, 'the audit is not shortened');
END;
