"""What inspection teams found in a window: how many venues, QR codes properly posted (I8), entrants scanned (I9)."""

from geo.db import statement
from geo.intervals import wilson_interval

OUTCOMES = ("passed", "reminded", "suspend", "sanction")
DEFINITIONS = {
    "inspections": "inspections in the window (denominator of I8)",
    "venues": "distinct venues inspected in the window",
    "passed": "inspections without fault",
    "reminded": "inspections after which the venue was reminded",
    "suspend": "inspections after which a suspension was proposed",
    "sanction": "inspections after which a sanction was proposed",
    "looked_at": "inspections in which posting was looked at; where it was in none, there is no I8",
    "posted": "inspections with the QR code properly posted or a device in use",
    "posted_rate": "I8 = posted / inspections",
    "head_count": "people who came in while teams counted (denominator of I9)",
    "scanned": "of these, those who were scanned",
    "scanned_rate": "I9 = scanned / head_count",
    "scanned_low": "lower end of the 95 % Wilson interval of I9",
    "scanned_high": "upper end of it",
}


def read_inspections(connection, unit_code, vintage, window):
    """The counts and rates of DEFINITIONS of a unit, as a dict; rates null without a denominator. None where nothing was inspected."""
    asked = {"unit": unit_code, "vintage": vintage.id, "first": window.first, "last": window.last}
    found = dict(connection.execute(statement("read_inspections"), asked).mappings().one())
    if not found["inspections"]:
        return None
    rates = {
        "posted_rate": found["posted"] / found["inspections"] if found["looked_at"] else None,
        "scanned_rate": found["scanned"] / found["head_count"] if found["head_count"] else None,
    }
    low = high = None
    if found["head_count"]:
        low, high = map(float, wilson_interval(found["scanned"], found["head_count"]))
    return found | rates | {"scanned_low": low, "scanned_high": high}
