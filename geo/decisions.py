"""What people decide on hotspots and gaps: written by the gate through two functions of the database, and never changed."""

import re

import pandas as pd
import sqlalchemy as sa

from geo import db
from geo.errors import TracingError
from geo.schema_tracing import RECTIFICATION_STATES, REVIEW_STATES
from geo.tracing import CASE_ROLES

LONGEST = 500  # characters of a reason
_REVIEW = sa.text("SELECT review_hotspot(:account, :address, :venue, :state, :said, :seen)")
_RECTIFY = sa.text("SELECT rectify_venues(:account, :address, :venues, :state, :said, :seen)")
# Nine digits and more, however they are set apart: a telephone or identity number, which has no place here
_NUMBER = re.compile(r"\d(?:[ .-]?\d){8}")


def review_hotspot(actor, venue_code, state, reason, seen):
    """Propose, confirm or close the hotspot at a venue, with a reason; PostgreSQL asks whether the actor may.

    seen: number of the last load that the actor has seen: a visit that a later one told opens a closed hotspot again.
    """
    _write(_REVIEW, actor, REVIEW_STATES, state, reason, seen, venue=venue_code)


def rectify(actor, venues, state, note, seen):
    """Note what became of the gap at an agency's venues (their numbers): open, answered or rectified, with a note.

    seen: as of review_hotspot. All the venues must be in the actor's scope.
    """
    _write(_RECTIFY, actor, RECTIFICATION_STATES, state, note, seen, venues=[int(venue) for venue in venues])


def _write(statement, actor, states, state, said, seen, **what):
    if actor.scope.role not in CASE_ROLES:
        raise TracingError(f"the role {actor.scope.role} decides on no hotspots or gaps")
    if state not in states:
        raise TracingError(f"the state is {', '.join(states[:-1])} or {states[-1]}, not {state}")
    said = said.replace("\0", "").strip()
    if not said or len(said) > LONGEST:
        raise TracingError(f"a decision needs a reason, of {LONGEST} characters at most")
    if _NUMBER.search(said):
        raise TracingError("a reason holds no telephone or identity numbers; write it without")
    asked = {"account": actor.name, "address": actor.address, "state": state, "said": said, "seen": int(seen), **what}
    with db.gating() as connection:
        connection.execute(statement, asked)


def list_decisions(connection, *venues):
    """Reviews and answers of venues (their numbers), the newest first: of (review, answer), state, said, decided_at, account."""
    found = connection.execute(db.statement("list_decisions"), {"venues": list(map(int, venues))})
    return pd.DataFrame(found.all(), columns=list(found.keys()))
