-- The ledger. Times are milliseconds since 1970 in UTC. Booleans are 0 and 1.
--
-- Personal data stands in `payload` only, appended and blanked, never moved: `erase` sets it to
-- NULL. Rows of `delivery`, `lead`, `step`, `run`, `finding`, `tombstone` and `action` are evidence:
-- each change of one appends to `history`. Everything else is a cache or a queue, and may be rebuilt.

-- Settings of this file: its own id, the key of keyed hashes, when the engine last ran.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Bytes that may hold personal data: bodies, observations, requests, answers.
-- `hash` is SHA-256 of salt and body and stays when both are blanked, so that the row that points
-- here can still be proved; without the salt it proves nothing about a person.
CREATE TABLE payload (
    id   INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind = 'delivery' OR kind = 'observation' OR kind = 'request' OR kind = 'answer'),
    at   INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    salt BLOB CHECK (length(salt) = 16),
    body BLOB,
    CHECK ((salt IS NULL) = (body IS NULL))
) STRICT;

-- A configured way from AC to Ploomes, as the ledger knows it.
-- Which kind of key its leads have is decided at its first start and kept.
CREATE TABLE route (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    key_kind    TEXT NOT NULL CHECK (key_kind IN ('enrollment', 'contact')),
    first_start INTEGER NOT NULL,
    paused      INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1))
) STRICT;

-- One HTTP request that AC sent to a route's webhook URL, kept as received.
-- `contact` is what the body names, once it was read; the body decides nothing else.
CREATE TABLE delivery (
    id          INTEGER PRIMARY KEY,
    route_id    INTEGER NOT NULL REFERENCES route (id),
    received_at INTEGER NOT NULL,
    peer        TEXT NOT NULL,
    headers     TEXT NOT NULL,
    payload_id  INTEGER NOT NULL REFERENCES payload (id),
    fate        TEXT NOT NULL DEFAULT 'pending'
                CHECK (fate = 'applied' OR fate = 'merged' OR fate = 'ignored' OR fate = 'quarantined' OR fate = 'pending'),
    reason      TEXT,
    contact     INTEGER,
    lead_id     INTEGER REFERENCES lead (id),
    CHECK ((fate IN ('applied', 'merged')) <= (lead_id IS NOT NULL))
) STRICT;

-- Deliveries whose body nobody has looked at yet.
CREATE INDEX delivery_unread ON delivery (id) WHERE fate = 'pending' AND contact IS NULL;
-- Deliveries that wait to be matched.
CREATE INDEX delivery_waiting ON delivery (route_id, contact) WHERE fate = 'pending' AND contact IS NOT NULL;
CREATE INDEX delivery_quarantined ON delivery (id) WHERE fate = 'quarantined';
CREATE INDEX delivery_contact ON delivery (contact, id) WHERE contact IS NOT NULL;
CREATE INDEX delivery_lead ON delivery (lead_id) WHERE lead_id IS NOT NULL;

-- What AC showed of a contact for a route, one row whenever it changed. `fingerprint` is a keyed
-- hash of what the row's payload holds.
CREATE TABLE observation (
    id          INTEGER PRIMARY KEY,
    route_id    INTEGER NOT NULL REFERENCES route (id),
    contact     INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    updated_at  INTEGER,
    fingerprint BLOB NOT NULL,
    payload_id  INTEGER NOT NULL REFERENCES payload (id)
) STRICT;

CREATE INDEX observation_contact ON observation (contact, route_id, id);

-- The fingerprint of the person's and company's values (after the field map) as last written, by
-- contact: a contact whose values are the same calls for no update.
CREATE TABLE derived (
    route_id    INTEGER NOT NULL REFERENCES route (id),
    contact     INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    PRIMARY KEY (route_id, contact)
) STRICT, WITHOUT ROWID;

-- Keyed hashes of the e-mail addresses a contact was seen with, for finding it by address.
CREATE TABLE contact_email (
    email   BLOB NOT NULL,
    contact INTEGER NOT NULL,
    PRIMARY KEY (email, contact)
) STRICT, WITHOUT ROWID;

-- One enrollment on one route (or one contact, on routes without an automation), to be brought
-- into Ploomes exactly once. `key` is how people and Ploomes name it and never changes; `contact`
-- and `enrollment` are what AC says now.
CREATE TABLE lead (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    route_id   INTEGER NOT NULL REFERENCES route (id),
    contact    INTEGER NOT NULL,
    enrollment INTEGER,
    entered_at INTEGER,
    turn       INTEGER NOT NULL,
    backfill   INTEGER NOT NULL CHECK (backfill IN (0, 1)),
    found_by   TEXT NOT NULL CHECK (found_by = 'webhook' OR found_by = 'poll' OR found_by = 'reconcile'),
    found_at   INTEGER NOT NULL,
    state      TEXT NOT NULL
               CHECK (state = 'pending' OR state = 'in_doubt' OR state = 'done' OR state = 'skipped' OR state = 'failed' OR state = 'erased'),
    reason     TEXT,
    review     TEXT,
    warnings   TEXT,
    company    INTEGER,
    person     INTEGER,
    deal       INTEGER,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX lead_enrollment ON lead (route_id, enrollment) WHERE enrollment IS NOT NULL;
CREATE UNIQUE INDEX lead_of_contact ON lead (route_id, contact) WHERE enrollment IS NULL;
CREATE INDEX lead_contact ON lead (contact, id);
CREATE INDEX lead_turn ON lead (route_id, turn);
CREATE INDEX lead_entered ON lead (route_id, entered_at) WHERE enrollment IS NOT NULL;
CREATE INDEX lead_open ON lead (state, id) WHERE state IN ('pending', 'in_doubt', 'failed');
CREATE INDEX lead_person ON lead (person) WHERE person IS NOT NULL;
CREATE INDEX lead_company ON lead (company) WHERE company IS NOT NULL;
CREATE UNIQUE INDEX lead_deal ON lead (deal) WHERE deal IS NOT NULL;

-- Hints: "look at this contact on this route". `generation` grows with each hint, so that work
-- done for an older one does not settle a newer one.
CREATE TABLE inbox (
    route_id   INTEGER NOT NULL REFERENCES route (id),
    contact    INTEGER NOT NULL,
    lane       INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 3),
    source     TEXT NOT NULL CHECK (source = 'webhook' OR source = 'poll' OR source = 'reconcile'),
    due_at     INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1,
    attempts   INTEGER NOT NULL DEFAULT 0,
    reason     TEXT,
    PRIMARY KEY (route_id, contact)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_due ON inbox (lane, due_at);

-- Leads that wait to be brought to, or refreshed in, Ploomes.
-- `first_attempt` and `lost_ms` (time in which the whole API was paused, down or refused the key)
-- say when a lead is given up; `attempted_at` is its last attempt.
CREATE TABLE work (
    lead_id       INTEGER PRIMARY KEY REFERENCES lead (id),
    route_id      INTEGER NOT NULL REFERENCES route (id),
    lane          INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 3),
    due_at        INTEGER NOT NULL,
    generation    INTEGER NOT NULL DEFAULT 1,
    attempts      INTEGER NOT NULL DEFAULT 0,
    first_attempt INTEGER,
    attempted_at  INTEGER,
    lost_ms       INTEGER NOT NULL DEFAULT 0,
    reason        TEXT
) STRICT;

CREATE INDEX work_due ON work (route_id, lane, due_at);

-- The journal: one row for each write, or decision not to write, of a lead. A row at `sent` or
-- `in_doubt` is the only dangerous state.
CREATE TABLE step (
    id         INTEGER PRIMARY KEY,
    lead_id    INTEGER NOT NULL REFERENCES lead (id),
    kind       TEXT NOT NULL CHECK (kind = 'company' OR kind = 'person' OR kind = 'deal' OR kind = 'note'),
    action     TEXT NOT NULL CHECK (action = 'create' OR action = 'update' OR action = 'adopt' OR action = 'skip'),
    reason     TEXT NOT NULL,
    state      TEXT NOT NULL
               CHECK (state = 'sent' OR state = 'in_doubt' OR state = 'done' OR state = 'refused' OR state = 'lost'),
    request_id INTEGER REFERENCES payload (id),
    answer_id  INTEGER REFERENCES payload (id),
    status     INTEGER,
    record     INTEGER,
    sent_at    INTEGER,
    ended_at   INTEGER,
    looks      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX step_lead ON step (lead_id, id);
CREATE INDEX step_open ON step (lead_id) WHERE state IN ('sent', 'in_doubt');
CREATE INDEX step_record ON step (kind, record) WHERE record IS NOT NULL;

-- Identity keys (keyed hashes) of leads with a step at `sent` or `in_doubt`: nothing that shares
-- one is planned before the step is settled, across a crash too.
CREATE TABLE step_key (
    key     BLOB NOT NULL,
    lead_id INTEGER NOT NULL REFERENCES lead (id),
    PRIMARY KEY (key, lead_id)
) STRICT, WITHOUT ROWID;

-- Records made lately, by the identity keys (keyed hashes) of their lead: a search may lag behind
-- a create, an id never does.
CREATE TABLE made (
    key    BLOB NOT NULL,
    record INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (key, record)
) STRICT, WITHOUT ROWID;

CREATE INDEX made_at ON made (at);

-- Polls and reconciliations. `detail` is JSON: counts by route, drift, witnesses.
CREATE TABLE run (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('poll', 'reconcile')),
    mode        TEXT CHECK (mode IN ('report', 'repair')),
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    outcome     TEXT CHECK (outcome IN ('complete', 'partial')),
    reason      TEXT,
    detail      TEXT
) STRICT;

CREATE INDEX run_kind ON run (kind, id);

-- What a run found missing.
CREATE TABLE finding (
    id          INTEGER PRIMARY KEY,
    run_id      INTEGER NOT NULL REFERENCES run (id),
    route_id    INTEGER NOT NULL REFERENCES route (id),
    contact     INTEGER NOT NULL,
    enrollment  INTEGER,
    enrolled_at INTEGER,
    found_at    INTEGER NOT NULL,
    lead_id     INTEGER REFERENCES lead (id)
) STRICT;

CREATE INDEX finding_run ON finding (run_id, id);
CREATE INDEX finding_lead ON finding (lead_id) WHERE lead_id IS NOT NULL;

-- The start of the last poll that read every page, by route and question.
CREATE TABLE watermark (
    route_id INTEGER NOT NULL REFERENCES route (id),
    question TEXT NOT NULL CHECK (question IN ('entered', 'changed')),
    at       INTEGER NOT NULL,
    PRIMARY KEY (route_id, question)
) STRICT, WITHOUT ROWID;

-- When an enrollment without `adddate` was first seen: its age counts from here.
CREATE TABLE first_seen (
    route_id   INTEGER NOT NULL REFERENCES route (id),
    enrollment INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (route_id, enrollment)
) STRICT, WITHOUT ROWID;

-- Work that the command line asks of the running engine.
CREATE TABLE job (
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    arguments    TEXT NOT NULL,
    state        TEXT NOT NULL DEFAULT 'queued'
                 CHECK (state = 'queued' OR state = 'running' OR state = 'done' OR state = 'failed'),
    requested_at INTEGER NOT NULL,
    started_at   INTEGER,
    finished_at  INTEGER,
    answer       TEXT
) STRICT;

CREATE INDEX job_open ON job (id) WHERE state IN ('queued', 'running');

-- When requests were sent to Ploomes, for the sliding window; only the last minutes are kept.
-- `steady` is the same moment in milliseconds since the machine's start, of which `boot` is the id: a
-- time of day that was stepped meanwhile makes no request look older than it is.
CREATE TABLE request_time (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    boot   INTEGER,
    steady INTEGER,
    CHECK ((boot IS NULL) = (steady IS NULL))
) STRICT;

-- Ploomes contacts known to exist, newest last: a search that does not show one is no answer.
CREATE TABLE control (
    record  INTEGER PRIMARY KEY,
    seen_at INTEGER NOT NULL
) STRICT;

-- Requests to webhook URLs that nobody configured, by hour.
CREATE TABLE unknown_token (
    hour INTEGER PRIMARY KEY,
    hits INTEGER NOT NULL
) STRICT;

-- People who were erased. `name` is random: the same tombstone has it in the file `<ledger>.erased`.
CREATE TABLE tombstone (
    id        INTEGER PRIMARY KEY,
    name      TEXT UNIQUE,
    at        INTEGER NOT NULL,
    lifted_at INTEGER
) STRICT;

-- By what they are recognised: hashes whose key stands in `<ledger>.erased` and never here, so that
-- nobody who has the ledger, or a copy of it, can try out every CPF there is. `here` is the contact's
-- id once more under this ledger's own key, for where that file was lost.
CREATE TABLE tombstone_key (
    key          BLOB NOT NULL CHECK (length(key) = 32),
    tombstone_id INTEGER NOT NULL REFERENCES tombstone (id),
    kind         TEXT NOT NULL CHECK (kind IN ('contact', 'email', 'cpf', 'phone', 'here')),
    PRIMARY KEY (key, tombstone_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tombstone_key_of ON tombstone_key (tombstone_id, kind, key);

-- The hash chain: each change of evidence, in order. `digest` commits to the row as it is after
-- the change, `hash` to the previous row and to everything here. `accepted` and `total` count
-- deliveries and leads ever made: the left side of the balance.
CREATE TABLE history (
    seq        INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    subject    TEXT NOT NULL
               CHECK (subject = 'delivery' OR subject = 'lead' OR subject = 'step' OR subject = 'run' OR subject = 'finding' OR subject = 'tombstone' OR subject = 'action'),
    subject_id INTEGER NOT NULL,
    event      TEXT NOT NULL,
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    accepted   INTEGER NOT NULL,
    total      INTEGER NOT NULL,
    hash       BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX history_subject ON history (subject, subject_id);

-- How many rows have which fate or state, kept by the triggers below from the rows themselves,
-- whoever changes them: `delivery` and `lead` are the right side of the balance. Only a delivery that
-- comes in is counted with those that come with it, from their rows, by whoever inserts them: a
-- trigger would write this row as often as there are webhooks. `missed` has the
-- leads found without a webhook, by state, and under `late` those of them that have a delivery by
-- now. `lane` has what waits in `work` and `inbox`. So that a status costs the same on any ledger.
CREATE TABLE tally (
    subject TEXT NOT NULL CHECK (subject IN ('delivery', 'lead', 'missed', 'lane')),
    value   TEXT NOT NULL,
    rows    INTEGER NOT NULL,
    PRIMARY KEY (subject, value)
) STRICT, WITHOUT ROWID;

INSERT INTO tally (subject, value, rows) VALUES
    ('delivery', 'applied', 0), ('delivery', 'merged', 0), ('delivery', 'ignored', 0),
    ('delivery', 'quarantined', 0), ('delivery', 'pending', 0),
    ('lead', 'pending', 0), ('lead', 'in_doubt', 0), ('lead', 'done', 0),
    ('lead', 'skipped', 0), ('lead', 'failed', 0), ('lead', 'erased', 0),
    ('missed', 'pending', 0), ('missed', 'in_doubt', 0), ('missed', 'done', 0),
    ('missed', 'skipped', 0), ('missed', 'failed', 0), ('missed', 'erased', 0),
    ('missed', 'late', 0),
    ('lane', '0', 0), ('lane', '1', 0), ('lane', '2', 0), ('lane', '3', 0);

CREATE TRIGGER delivery_out AFTER DELETE ON delivery BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'delivery' AND value = OLD.fate;
END;
CREATE TRIGGER delivery_moved AFTER UPDATE OF fate ON delivery WHEN OLD.fate <> NEW.fate BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'delivery' AND value = OLD.fate;
    UPDATE tally SET rows = rows + 1 WHERE subject = 'delivery' AND value = NEW.fate;
END;
CREATE TRIGGER lead_in AFTER INSERT ON lead BEGIN
    UPDATE tally SET rows = rows + 1 WHERE subject = 'lead' AND value = NEW.state;
END;
CREATE TRIGGER lead_out AFTER DELETE ON lead BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'lead' AND value = OLD.state;
END;
CREATE TRIGGER lead_moved AFTER UPDATE OF state ON lead WHEN OLD.state <> NEW.state BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'lead' AND value = OLD.state;
    UPDATE tally SET rows = rows + 1 WHERE subject = 'lead' AND value = NEW.state;
END;

CREATE TRIGGER missed_in AFTER INSERT ON lead WHEN NEW.found_by <> 'webhook' BEGIN
    UPDATE tally SET rows = rows + 1 WHERE subject = 'missed' AND value = NEW.state;
END;
CREATE TRIGGER missed_out AFTER DELETE ON lead WHEN OLD.found_by <> 'webhook' BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'missed' AND value = OLD.state;
END;
CREATE TRIGGER missed_moved AFTER UPDATE OF state ON lead
WHEN OLD.state <> NEW.state AND NEW.found_by <> 'webhook' BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'missed' AND value = OLD.state;
    UPDATE tally SET rows = rows + 1 WHERE subject = 'missed' AND value = NEW.state;
END;

-- A lead is late once, with its first delivery.
CREATE TRIGGER late_in AFTER UPDATE OF lead_id ON delivery
WHEN NEW.lead_id IS NOT NULL AND NEW.lead_id IS NOT OLD.lead_id BEGIN
    UPDATE tally SET rows = rows + 1
    WHERE subject = 'missed' AND value = 'late'
      AND EXISTS (SELECT 1 FROM lead WHERE id = NEW.lead_id AND found_by <> 'webhook')
      AND NOT EXISTS (SELECT 1 FROM delivery WHERE lead_id = NEW.lead_id AND id <> NEW.id);
END;
CREATE TRIGGER late_out AFTER UPDATE OF lead_id ON delivery
WHEN OLD.lead_id IS NOT NULL AND NEW.lead_id IS NOT OLD.lead_id BEGIN
    UPDATE tally SET rows = rows - 1
    WHERE subject = 'missed' AND value = 'late'
      AND EXISTS (SELECT 1 FROM lead WHERE id = OLD.lead_id AND found_by <> 'webhook')
      AND NOT EXISTS (SELECT 1 FROM delivery WHERE lead_id = OLD.lead_id);
END;

CREATE TRIGGER work_in AFTER INSERT ON work BEGIN
    UPDATE tally SET rows = rows + 1 WHERE subject = 'lane' AND value = CAST(NEW.lane AS TEXT);
END;
CREATE TRIGGER work_out AFTER DELETE ON work BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'lane' AND value = CAST(OLD.lane AS TEXT);
END;
CREATE TRIGGER work_moved AFTER UPDATE OF lane ON work WHEN OLD.lane <> NEW.lane BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'lane' AND value = CAST(OLD.lane AS TEXT);
    UPDATE tally SET rows = rows + 1 WHERE subject = 'lane' AND value = CAST(NEW.lane AS TEXT);
END;
CREATE TRIGGER inbox_in AFTER INSERT ON inbox BEGIN
    UPDATE tally SET rows = rows + 1 WHERE subject = 'lane' AND value = CAST(NEW.lane AS TEXT);
END;
CREATE TRIGGER inbox_out AFTER DELETE ON inbox BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'lane' AND value = CAST(OLD.lane AS TEXT);
END;
CREATE TRIGGER inbox_moved AFTER UPDATE OF lane ON inbox WHEN OLD.lane <> NEW.lane BEGIN
    UPDATE tally SET rows = rows - 1 WHERE subject = 'lane' AND value = CAST(OLD.lane AS TEXT);
    UPDATE tally SET rows = rows + 1 WHERE subject = 'lane' AND value = CAST(NEW.lane AS TEXT);
END;
