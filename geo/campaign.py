"""Deadlines and named windows: what is due by which day, how far creation is, and when it would be done at this pace."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from geo.coverage import Window, read_coverage, read_holdings
from geo.db import statement
from geo.errors import CampaignError
from geo.schema_campaign import campaign
from geo.units import ancestors

PACE_DAYS = 14  # over which the present pace is taken


@dataclass(frozen=True)
class Campaign:
    """A row of the table campaign, whose comments say what each field is."""

    id: int
    name: str
    unit_code: str
    obligation_group: str | None
    first_day: date | None
    due_on: date
    strict: bool
    target: float | None
    decree: str | None
    kinds: list[str] | None = None

    @property
    def last_day(self):
        """The last day in time: the day before the due day, where that is strict."""
        return self.due_on - timedelta(days=int(self.strict))

    @property
    def window(self):
        """The days from its first to its last; None where it has no first."""
        return self.first_day and Window(self.first_day, self.last_day)


@dataclass(frozen=True)
class Clock:
    """How a unit stands by a deadline at the end of a day. Counts and rates are null where there is no register.

    days_left: to the last day in time; 0 on it, negative once it has passed. created: of those obliged (I1's numerator).
    expected: the rate that the straight line to the target has reached; null before its beginning is known.
    pace: obliged venues created a day, over the last PACE_DAYS. done_on, and its range done_first to done_last, is the day
    of completion at that pace and at the ends of its 95 % Poisson interval: the day itself when the target is met, null
    when never. units_below, units: communes below the target at the last day in time (or now, if before it), and communes
    with a register.
    """

    campaign: Campaign
    day: date
    obliged: int | None
    created: int | None
    rate: float | None
    days_left: int
    expected: float | None
    pace: float | None
    done_on: date | None
    done_first: date | None
    done_last: date | None
    units_below: int
    units: int

    @property
    def met(self):
        """Whether the target is reached; None without a register."""
        return None if self.rate is None else self.rate >= self.campaign.target


def list_campaigns(connection, units=None, code=None):
    """Campaigns that the reader may know of, by due day; of one unit and those above it, where it is named.

    units: code -> Unit of the vintage in which `code` is meant.
    """
    found = [Campaign(**row) for row in connection.execute(sa.select(campaign).order_by(campaign.c.due_on)).mappings()]
    if code is None:
        return found
    near = {unit.code for unit in ancestors(units, code)}
    return [each for each in found if each.unit_code in near]


def add_campaign(connection, **values):
    """Add a campaign; its number. CampaignError where it is there already or its days or target cannot be."""
    try:
        return connection.scalar(campaign.insert().values(values).returning(campaign.c.id))
    except IntegrityError as error:
        why = {
            "campaign_unit_code_name_key": f"{values['unit_code']} has a campaign of that name; remove it first",
            "campaign_days_check": "it would begin after its last day; swap the two",
            "campaign_target_check": "a target is a fraction above 0, 1 at most",
            "campaign_kinds_check": "it is about no kind of venue; leave the kinds out for all of them",
            "campaign_use_check": "it has neither a target nor a first day; give one of them",
        }
        raise CampaignError(why.get(error.orig.diag.constraint_name, str(error.orig).strip())) from None


def remove_campaign(connection, number):
    """Remove a campaign; CampaignError where there is none of that number."""
    if not connection.execute(campaign.delete().where(campaign.c.id == number)).rowcount:
        raise CampaignError(f"there is no campaign {number}; see: phuqr campaign list")


def read_creation(connection, unit_code, vintage, first, last, group=None):
    """Obliged venues with a QR code by the end of each day, as a frame: day, created (I1's numerator, cumulative).

    Of the rows in the reader's scope; from `first`, or from the first creation where that is None.
    """
    asked = {"unit": unit_code, "vintage": vintage.id, "last": last, "group": group}
    found = connection.execute(statement("read_creation"), asked)
    daily = pd.Series(dict(found.all()), dtype="i8")
    begins = first or (daily.index.min() if len(daily) else last)
    days = pd.date_range(min(begins, last), last).date
    total = daily.cumsum().reindex(sorted({*daily.index, *days})).ffill().fillna(0).astype("i8")
    return pd.DataFrame({"day": days, "created": total.reindex(days).to_numpy()})


def read_clock(connection, unit_code, of, day):
    """The Clock of a unit in scope by the deadline of a Campaign, at the end of `day`."""

    days_left = (of.last_day - day).days
    if of.obligation_group not in (None, *read_holdings(connection).groups):
        return Clock(of, day, None, None, None, days_left, None, None, None, None, None, 0, 0)

    def counts(on):
        found = read_coverage(connection, unit_code, Window(on, on), group=of.obligation_group)
        return found, found.total["obliged"], found.total["created_obliged"]

    found, obliged, created = counts(day)
    known = pd.notna(obliged) and pd.notna(created) and obliged > 0
    at_deadline = found if days_left >= 0 else counts(of.last_day)[0]
    rates = at_deadline.rows["creation_rate"].dropna()
    below, units = int((rates < of.target).sum()), len(rates)
    if not known:
        return Clock(of, day, None, None, None, days_left, None, None, None, None, None, below, units)
    before = counts(day - timedelta(days=PACE_DAYS))[2]
    made = max(0, int(created) - int(before if pd.notna(before) else 0))
    missing = max(0, ceil(of.target * int(obliged) - 1e-9) - int(created))
    done = [finish_day(day, missing, count / PACE_DAYS) for count in (made, *poisson_interval(made))]
    expected = _expected(connection, found, of, day)
    rate = float(created / obliged)
    return Clock(of, day, int(obliged), int(created), rate, days_left, expected, made / PACE_DAYS,
                 done[0], done[2], done[1], below, units)  # fmt: skip


def _expected(connection, found, of, day):
    """Where the straight line stands: from the rate at its beginning to the target on the last day in time."""
    line = read_creation(
        connection, found.unit.code, found.vintage, of.first_day, max(day, of.last_day), of.obligation_group
    )
    first, start = line["day"].iloc[0], float(line["created"].iloc[0] / found.total["obliged"])
    if day >= of.last_day:
        return of.target
    if day < first:
        return None
    return start + (of.target - start) * (day - first).days / (of.last_day - first).days


def poisson_interval(count, level=0.95):
    """The exact interval (low, high) of the mean of a Poisson count: Garwood (1936)."""
    from scipy.special import gammaincinv  # a fifth of a second, which the other commands need not wait for

    low = gammaincinv(count, (1 - level) / 2) if count else 0.0
    return float(low), float(gammaincinv(count + 1, (1 + level) / 2))


def finish_day(day, missing, pace):
    """The day on which `missing` are made at `pace` a day from `day` on; `day` itself when none is, None when never."""
    if missing == 0:
        return day
    if pace <= 0 or missing / pace > 3650:
        return None
    return day + timedelta(days=ceil(missing / pace))
