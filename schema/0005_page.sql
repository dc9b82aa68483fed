-- The admin page: what people did on it, and the leads of a state page by page.

-- What a person did on the admin page, evidence like all else. `what` is done to `subject`: a lead's
-- or a route's name, a contact's id, a count; never personal data. `peer` is who asked, as the
-- socket says.
CREATE TABLE action (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    peer    TEXT NOT NULL,
    what    TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;

-- The newest leads of a route in a state, from any one on.
CREATE INDEX lead_state ON lead (route_id, state, id);
