-- Alerts: what somebody was told, and is still to be told.

-- One row a cause that holds, or whose end is still to be told; state, not evidence. `subject` tells
-- causes of one event apart: a route, a kind of run, an API. `count`, `leads` (a JSON array of keys),
-- `run` and `text` are what is said, as it last stood; no personal data. `owed` is the message that
-- is to go out next, `told_at` when the last one was taken.
CREATE TABLE alert (
    event    TEXT NOT NULL
             CHECK (event IN ('missed_leads', 'failed_leads', 'quarantined', 'partial_run',
                              'late_run', 'max_repairs', 'silence', 'wrong_key',
                              'duplicate_found', 'unknown_token', 'disk', 'clock')),
    subject  TEXT NOT NULL,
    route    TEXT,
    since    INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    leads    TEXT NOT NULL,
    run      INTEGER,
    text     TEXT NOT NULL,
    is_over  INTEGER NOT NULL CHECK (is_over IN (0, 1)),
    owed     TEXT CHECK (owed IN ('raised', 'reminder', 'resolved')),
    told_at  INTEGER,
    attempts INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    PRIMARY KEY (event, subject),
    CHECK (owed IS NOT NULL OR (is_over = 0 AND told_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- The newest lead found without a webhook on a route when its last alert about such leads was over:
-- those after it are news.
CREATE TABLE alert_cursor (
    route_id INTEGER PRIMARY KEY REFERENCES route (id),
    lead_id  INTEGER NOT NULL
) STRICT;

-- What was found before there were alerts is no news.
INSERT INTO alert_cursor (route_id, lead_id)
SELECT route_id, max(id) FROM lead WHERE found_by <> 'webhook' GROUP BY route_id;

-- Leads of a route that were found without a webhook: those after the cursor, and those that entered
-- after the last delivery.
CREATE INDEX lead_missed ON lead (route_id, id, found_at, backfill) WHERE found_by <> 'webhook';
CREATE INDEX lead_missed_entered ON lead (route_id, entered_at) WHERE found_by <> 'webhook';

-- When the last delivery of a route came.
ALTER TABLE route ADD COLUMN last_delivery INTEGER;

-- What came before there was this column.
UPDATE route SET last_delivery =
    (SELECT received_at FROM delivery WHERE route_id = route.id ORDER BY id DESC LIMIT 1);
