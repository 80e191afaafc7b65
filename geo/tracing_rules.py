"""The rules of tracing: what makes a hotspot, how long people stay, how long a visit is kept; each with the decision that set it."""

from datetime import date

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from geo import db
from geo.audit import record
from geo.errors import TracingError
from geo.schema import admin_unit, venue_kind
from geo.schema_tracing import RULES, tracing_rule

UNITS = {  # what a rule's value counts, by the end of its name
    "_days": "days", "_before": "days", "_after": "days", "_minutes": "minutes", "_metres": "metres", "_cases": "cases",
    "_exposed": "scans", "_venues": "venues", "_kind": "0 or 1",
}  # fmt: skip
_VALUE = sa.text("SELECT tracing_rule_on(:rule, :province, :kind, :day)")


def read_rule(connection, rule, province, day, kind=None):
    """The value of a rule in a province (its code) on a day, for a kind of venue or for none; TracingError where there is none."""
    named = {"rule": rule, "province": province, "kind": kind, "day": day}
    value = connection.scalar(_VALUE, named)
    if value is None:
        raise TracingError(
            f"no rule {rule} holds on {day:%d/%m/%Y}; type: phuqr rules set {rule} VALUE --from {day} --decision TEXT"
        )
    return value


def list_rules(connection):
    """Every rule there is or was: rule, province, kind, value, valid_from, valid_until, decision."""
    found = connection.execute(db.statement("list_rules"))
    return pd.DataFrame(found.all(), columns=list(found.keys()))


def set_rule(actor, rule, value, valid_from, decision, *, kind=None, province=None, valid_until=None):
    """Set a rule from a day on, by a decision; the one before it holds until then. On record; TracingError where it cannot be."""
    if rule not in RULES:
        raise TracingError(f"there is no rule {rule}; the rules are {', '.join(RULES)}")
    if value < 0 or (value == 0 and rule in ("hotspot_cases", "hotspot_days", "keep_days", "cluster_metres", "cluster_venues")):
        raise TracingError(f"{rule} cannot be {value}")
    if valid_until and valid_until < valid_from:
        raise TracingError(f"{rule} would end on {valid_until:%d/%m/%Y}, before it begins")
    if not decision.strip():
        raise TracingError("a rule needs the decision that set it")
    row = {"rule": rule, "kind": kind, "province": province, "value": value, "valid_from": valid_from,
           "valid_until": valid_until, "decision": decision.strip()}  # fmt: skip
    with db.loading() as connection:
        _refuse_unknown(connection, kind, province)
        made = insert(tracing_rule).values(row).on_conflict_do_nothing().returning(tracing_rule.c.id)
        if connection.scalar(made) is None:
            raise TracingError(f"{rule} was set from {valid_from:%d/%m/%Y} on before; a new decision holds from a later day")
        record(connection, actor, "tracing_rule", f"{rule} = {value} from {valid_from}: {decision.strip()}")


def _refuse_unknown(connection, kind, province):
    kinds = connection.scalars(sa.select(venue_kind.c.code).order_by("code")).all()
    if kind not in (None, *kinds):
        raise TracingError(f"there is no kind of venue {kind}; the kinds are {', '.join(kinds)}")
    is_province = sa.exists().where(admin_unit.c.level == 1, admin_unit.c.code == province)
    if province is not None and not connection.scalar(sa.select(is_province)):
        raise TracingError(f"there is no province {province}")


def unit_of(rule):
    """What a rule's value counts, in English."""
    return next(unit for end, unit in UNITS.items() if rule.endswith(end))


def first_day(last, days):
    """The first of so many days that end with `last`; the calendar's first where they would begin before it."""
    return date.fromordinal(max(1, last.toordinal() - days + 1))
