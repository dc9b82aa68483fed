-- Reconciliations that go on after a crash, and routes that are renamed.

-- Which contacts belong to a route, in words: a new name for the same ones is a renaming.
ALTER TABLE route ADD COLUMN members TEXT NOT NULL DEFAULT '';

-- Names of the properties and FieldKeys that a write sets, as a JSON array. What a whole list merely
-- carries, lest a PATCH drop it, is not among them: it is not what ponte wrote.
ALTER TABLE step ADD COLUMN fields TEXT;

-- How far an unfinished reconciliation has read: the last contact whose page was compared, and what
-- was counted so far, as JSON without personal data. Gone once the run is finished.
CREATE TABLE sweep (
    run_id INTEGER PRIMARY KEY REFERENCES run (id),
    cursor INTEGER NOT NULL,
    counts TEXT NOT NULL
) STRICT;

-- Contacts that AC no longer has: ids are never used again, so each is asked for once.
CREATE TABLE gone (
    contact INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL
) STRICT;

-- The address with which a sweep showed a contact that it found missing, for the report: nothing else
-- may ever be seen of it, where nothing is repaired.
CREATE TABLE found_contact (
    contact    INTEGER PRIMARY KEY,
    payload_id INTEGER NOT NULL REFERENCES payload (id)
) STRICT;

-- What was found missing of a contact and nothing was made of.
CREATE INDEX finding_open ON finding (contact) WHERE lead_id IS NULL;

-- The newest leads that were found without a webhook.
CREATE INDEX lead_found ON lead (id) WHERE found_by <> 'webhook';

-- Leads whose contact's values are not those that were written last, found by a sweep that is not
-- finished: to be planned once it has read everything.
CREATE TABLE suspect (
    run_id  INTEGER NOT NULL REFERENCES run (id),
    lead_id INTEGER NOT NULL REFERENCES lead (id),
    -- The contact itself changed; else the field map did.
    changed INTEGER NOT NULL CHECK (changed IN (0, 1)),
    PRIMARY KEY (run_id, lead_id)
) STRICT, WITHOUT ROWID;

-- Whether a run has found an enrollment before.
CREATE INDEX finding_once ON finding (run_id, contact);

-- The lead is asked for because the configuration changed: its deal's mapped fields are looked at too.
ALTER TABLE work ADD COLUMN replay INTEGER NOT NULL DEFAULT 0 CHECK (replay IN (0, 1));
