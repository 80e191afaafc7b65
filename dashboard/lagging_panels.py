"""Pieces of HTML about change, laggards and deadlines; every text that may come from a file is escaped here."""

from html import escape

import pandas as pd

from dashboard.reasons import reasons
from geo.coverage import RATES
from geo.lagging import QUESTIONS


def changes(row, before, window, earlier, text, rates=("activity_rate",)):
    """Figures of a unit with what they were in the window before: some rates, newly created venues, scans.

    row, before: totals of coverages of `window` and of `earlier`, the days before it.
    """
    days = {"first": text.day(earlier.first), "last": text.day(earlier.last)}
    cards = []
    for name in rates:
        numerator, denominator = RATES[name]
        rate, was = row[name], before[name]
        cards.append(_card(
            text(name), text.percent(rate), text.rate(row, name, numerator, denominator), _points(rate, was, text),
            text("overview.before", rate=text.percent(was), numerator=text.number(before[numerator]),
                 denominator=text.number(before[denominator]), **days) if pd.notna(was) else text("overview.unknown", **days),
            text.definition(name, window),
        ))  # fmt: skip
    length = (window.last - window.first).days + 1
    told = {
        "new": text("overview.new.of", active=text.number(row["cohort"]), rate=text.percent(row["cohort_rate"])),
        "scans": text("overview.scans.of", people=text.number(row["people"]),
                      mean=text.number(None if pd.isna(row["scans"]) else round(row["scans"] / length))),
    }  # fmt: skip
    for count, small in told.items():
        known = pd.notna(before[count])
        earlier_said = text("overview.before_count", count=text.number(before[count]), **days)
        cards.append(
            _card(
                text(f"overview.{count}"), text.number(row[count]), small, _difference(row[count], before[count], text),
                earlier_said if known else text("overview.unknown", **days),
                text(f"overview.{count}.definition", first=text.day(window.first), last=text.day(window.last)),
            )
        )  # fmt: skip
    return f'<div class="phuqr-cards">{"".join(cards)}</div>'


def _card(title, figure, small, change, earlier, definition):
    told = (
        f'<p class="phuqr-change"><b>{escape(change)}</b> {escape(earlier)}</p>'
        if change
        else f"<p>{escape(earlier)}</p>"
    )
    return (
        f'<section class="phuqr-card"><h3>{escape(title)}</h3><div class="phuqr-figure">{escape(figure)}</div>'
        f'<div class="phuqr-fraction">{escape(small)}</div>{told}<p>{escape(definition)}</p></section>'
    )


def _points(rate, was, text):
    if pd.isna(rate) or pd.isna(was):
        return ""
    points = round(100 * (rate - was), 1)
    key = "overview.up" if points > 0 else "overview.down" if points < 0 else "overview.same"
    return text(key, points=text.decimal(abs(points)))


def _difference(count, was, text):
    if pd.isna(count) or pd.isna(was):
        return ""
    key = "overview.more" if count > was else "overview.fewer" if count < was else "overview.same"
    return text(key, count=text.number(abs(count - was)))


def tallies(found, text):
    """How many units lag, in what, and how many have no scan at all."""
    rows = found.rows
    lag = {question: rows[question] == "lagging" for question in QUESTIONS}
    watch = ((rows[[*QUESTIONS]] == "watch").any(axis=1) & ~(lag["creation"] | lag["activity"])).sum()
    counts = {
        "lagging_both": (lag["creation"] & lag["activity"]).sum(),
        **{question: of.sum() for question, of in lag.items()},
        "watch": watch,
        "without_scans": (rows["weeks_without_scans"] > 0).sum(),
    }
    items = "".join(
        f"<li><b>{escape(text.number(int(count)))}</b> {escape(text(f'count.{name}'))}</li>"
        for name, count in counts.items()
    )
    return f'<ul class="phuqr-counts">{items}</ul>'


def rank(found):
    """Codes of the units that lag in anything or have no scan at all: in both first, then by weeks running, then the lowest."""
    rows = found.rows.join(found.counts[["creation_rate", "activity_rate"]].astype(float))
    lagging = pd.DataFrame({question: rows[question] == "lagging" for question in QUESTIONS})
    chosen = rows[lagging.any(axis=1) | (rows["weeks_without_scans"] > 0)]
    order = pd.DataFrame({
        "both": -lagging.sum(axis=1), "silent": -rows["weeks_without_scans"],
        "weeks": -rows[["creation_weeks", "activity_weeks"]].max(axis=1), "rate": rows["activity_rate"],
    })  # fmt: skip
    return list(order.loc[chosen.index].sort_index().sort_values([*order], kind="stable").index)


def says(found, code, text):
    """Whether there is anything to say of a unit."""
    return bool(reasons(found, code, text))


def laggards(found, codes, text, address=None):
    """The reasons of these units, as a list; address(code): where a unit's own page is, None without links."""
    items = []
    for code in codes:
        name = found.rows.loc[code, "name"]
        said = [sentence.removeprefix(f"{name}: ") for sentence in reasons(found, code, text)]
        title = escape(name)
        if address:
            title = f'<a href="{escape(address(code))}" target="_self">{title}</a>'
        place = escape(found.parents[found.rows.loc[code, "parent_code"]])
        lines = "".join(f"<p>{escape(sentence[:1].upper() + sentence[1:])}.</p>" for sentence in said)
        items.append(f"<li><h4>{title} <small>{place}</small></h4>{lines}</li>")
    return f'<ol class="phuqr-laggards">{"".join(items)}</ol>'


def say_clock(found, text):
    """What is said of one deadline, as texts: when it is due, what time is left, how far creation is, and a list of what else."""
    of = found.campaign
    due = text("clock.due_before" if of.strict else "clock.due_by", day=text.day(of.due_on))
    left = (
        text("clock.met") if found.met else text("clock.last") if found.days_left == 0
        else text("clock.left", days=text.number(found.days_left)) if found.days_left > 0
        else text("clock.over", days=text.number(-found.days_left))
    )  # fmt: skip
    lines = []
    if found.rate is None:
        lines.append(text("clock.no_register"))
    else:
        if found.expected is not None and not found.met and found.days_left >= 0:
            lines.append(text("clock.expected", rate=text.percent(found.expected)))
        if not found.met:
            lines.append(_projection(found, text))
        key = "clock.units" if found.days_left < 0 else "clock.units_now"
        target = text.percent(of.target, decimals=0)
        lines.append(text(key, below=text.number(found.units_below), units=text.number(found.units), target=target))
    created = text(
        "clock.of",
        created=text.number(found.created),
        obliged=text.number(found.obliged),
        rate=text.percent(found.rate),
    )
    return due, left, created, lines


def clock(found, text):
    """One deadline: how far, how many days, where the straight line would be, and when it would be done."""
    of = found.campaign
    due, left, created, lines = say_clock(found, text)
    late = found.days_left < 0 and not found.met
    small = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return (
        f'<section class="phuqr-card phuqr-clock{" phuqr-late" if late else ""}"><h3>{escape(of.name)} · {escape(due)}</h3>'
        f'<div class="phuqr-figure">{escape(left)}</div><div class="phuqr-fraction">{escape(created)}</div>{small}'
        f"{f'<p>{escape(of.decree)}</p>' if of.decree else ''}</section>"
    )


def _projection(found, text):
    if found.done_on is None:
        return text("clock.never")
    days = {"day": text.day(found.done_on), "first": text.day(found.done_first), "pace": text.decimal(found.pace)}
    if found.done_last is None:
        return text("clock.done_open", **days)
    return text("clock.done", last=text.day(found.done_last), **days)


def pattern(found, names, text):
    """What the spatial statistics say, in words for a leader; names: code -> name."""
    if found.too_few:
        said = [text("lagging.pattern_few", units=text.number(found.units))]
    elif found.moran is None:
        said = [text("lagging.pattern_alike")]
    else:
        key = "clustered" if found.clustered else "apart" if found.p <= 0.05 else "scattered"
        p = f"< {text.fraction(0.001)}" if found.p < 0.001 else text.fraction(found.p)
        said = [text(f"lagging.{key}", moran=text.fraction(found.moran, 2), p=p)]
        if found.low:
            groups = "; ".join(", ".join(names[code] for code in codes) for codes in found.low)
            said.append(text("lagging.groups", groups=groups))
    if found.islands:
        said.append(text("lagging.islands", count=text.number(len(found.islands))))
    return f'<section class="phuqr-notice"><h3>{escape(text("lagging.pattern"))}</h3><p>{escape(" ".join(said))}</p></section>'


def staff(found, text):
    """The card of I10; found: geo.offices.StaffReturns."""
    sums = found.total
    counts = {name: text.number(sums[name]) for name in ("installed", "staff")}
    oldest, newest = (text.day(day) for day in (found.rows["returned_on"].min(), found.rows["returned_on"].max()))
    said = text("staff.agencies", count=text.number(len(found.rows)), first=oldest, last=newest)
    return (
        f'<section class="phuqr-card"><h3>{escape(text("staff.title"))}</h3>'
        f'<div class="phuqr-figure">{escape(text.percent(sums["installed_rate"]))}</div>'
        f'<div class="phuqr-fraction">{escape(text("staff.of", **counts))}</div>'
        f"<p>{escape(said)}</p><p>{escape(text('staff.definition'))}</p></section>"
    )


def old_posters(rows, kinds, text):
    """Venues with a poster to be removed, as a table that can be printed; rows: as geo.offices.list_old_posters; kinds: code -> name."""
    return _table(rows.assign(code=rows["venue_code"]), ["name", "kind", "commune", "address", "created_on", "code"], kinds, text)


def worklist(rows, kinds, text):
    """Venues to go to, one row each, as a table that can be printed; rows: as geo.venues.list_venues; kinds: code -> name."""
    columns = ["name", "kind", "organisation", "address", "created_on", "last_day", "code"]
    columns = [column for column in columns if column == "last_day" or rows[column].notna().any()]
    rows = rows.assign(last_day=[text("commune.never") if pd.isna(day) else text.day(day) for day in rows["last_day"]])
    return _table(rows, columns, kinds, text)


def _table(rows, columns, kinds, text):
    head = "".join(f"<th>{escape(text(f'commune.column.{column}'))}</th>" for column in columns)
    body = []
    for row in rows.to_dict("records"):
        said = row | {
            "kind": kinds[row["kind"]], "created_on": text.day(row["created_on"]),
        }  # fmt: skip
        cells = "".join(
            f'<td class="phuqr-{column}">{"" if pd.isna(said[column]) else escape(str(said[column]))}</td>' for column in columns
        )
        body.append(f"<tr>{cells}</tr>")
    return f'<div class="phuqr-table phuqr-worklist"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
