-- Records in Ploomes that no longer are what was written, as reconciliations found them: what is
-- looked at again by each run while it lasts. `record` is Ploomes' id; `twin` is the older record
-- of a double. `fingerprint` is a keyed hash of what an edited record's fields held when that was
-- reported: an edit is reported once, and again when the record changes again.
CREATE TABLE drift (
    entity      TEXT NOT NULL CHECK (entity IN ('contact', 'deal')),
    record      INTEGER NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('deleted', 'edited', 'duplicated', 'orphan')),
    twin        INTEGER,
    fingerprint BLOB CHECK (length(fingerprint) = 32),
    PRIMARY KEY (kind, entity, record),
    CHECK ((kind = 'edited') = (fingerprint IS NOT NULL))
) STRICT, WITHOUT ROWID;
