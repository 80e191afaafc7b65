"""The pieces of HTML, and the marks, that the page of hotspots is made of; every text that may come from a file is escaped here."""

from html import escape

import pandas as pd

from dashboard.marks import GRADES, marks
from geo.hotspots import BEHIND
from geo.tracing import KINDS


def card(title, figure, fraction, definition):
    """A figure with what it was made of and what it means."""
    return (
        f'<section class="phuqr-card"><h3>{escape(title)}</h3><div class="phuqr-figure">{escape(figure)}</div>'
        f'<div class="phuqr-fraction">{escape(fraction)}</div><p>{escape(definition)}</p></section>'
    )


def cards(parts):
    """Cards side by side."""
    return f'<div class="phuqr-cards">{"".join(parts)}</div>'


def spot_card(found, text):
    """How many hotspots there are, by grade; of those that were only found, by none."""
    shown = found.rows[found.rows["shown"] != "closed"]["grade"].value_counts()
    some, high, very = (text.number(shown.get(grade, 0)) for grade in GRADES)
    days = {"first": text.day(found.first), "last": text.day(found.window.last)}
    return card(
        text("hotspots.card.spots"), text.number((found.found["shown"] != "closed").sum()),
        text("hotspots.card.spots.of", some=some, high=high, very=very), text("hotspots.card.spots.definition", **days),
    )  # fmt: skip


def little_card(found, behind, text):
    """How many of them lie where little is scanned, in communes that lag or are to be watched; behind: the gap of those cases were in."""
    still = found.found[found.found["shown"] != "closed"]
    counts = {verdict: text.number((still["activity"] == verdict).sum()) for verdict in BEHIND}
    return card(
        text("hotspots.card.little"), text.number(still["scans_little"].sum()),
        text("hotspots.card.little.of", all=text.number(len(still)), **counts),
        text("hotspots.card.little.definition", visits=text.number(behind["declared"].sum()), communes=text.number(len(behind))),
    )  # fmt: skip


def gap_card(total, window, text):
    """The gap of the unit with its interval."""
    missed = total["declared"] - total["covered"]
    said = {"missed": text.number(missed), "declared": text.number(total["declared"])}
    ends = {name: text.percent(total[name]) for name in ("low", "high")}
    return card(
        text("hotspots.card.gap"), text.percent(total["rate"]), text("hotspots.card.gap.of", **said, **ends) if total["declared"] else "",
        text("hotspots.card.gap.definition", first=text.day(window.first), last=text.day(window.last)),
    )  # fmt: skip


def kind_cards(total, text):
    """The kinds of the gap, and what was covered, each with its share."""
    parts = []
    for kind in KINDS:
        share = text("gap.share", share=text.percent(total[kind] / total["declared"])) if total["declared"] else ""
        parts.append(
            f'<div class="phuqr-gap-{kind}"><dt>{escape(text(f"gap.{kind}"))}</dt><dd>{escape(text.number(total[kind]))}</dd>'
            f"<p>{escape(share)}</p></div>"
        )
    return f'<div class="phuqr-tally phuqr-gap"><dl>{"".join(parts)}</dl></div>'


def exposed(row, text):
    """How many scans there were in the hours of the cases, as a table says it."""
    if pd.isna(row["exposed"]):
        return text("hotspots.exposed.unknown")
    count = text.number(row["exposed"])
    return count if row["exposed_whole"] else text("hotspots.exposed.part", count=count)


def why(row, text):
    """What makes a hotspot one and how grave it is, in a sentence."""
    if pd.isna(row["exposed"]):
        people = text("hotspots.why.exposed_unknown")
    else:
        which = "hotspots.why.exposed" if row["exposed_whole"] else "hotspots.why.exposed_part"
        people = text(which, count=text.number(row["exposed"]))
    met = text("hotspots.why.meetings", count=text.number(row["meetings"])) if row["meetings"] else text("hotspots.why.no_meetings")
    counts = {name: text.number(row[name]) for name in ("cases", "visits", "days")}
    return text("hotspots.why", **counts, exposed=people, meetings=met, last=text.day(row["last_day"]))


def venue_panel(row, kind, text):
    """A hotspot: what it is, where, why, and in which state."""
    state = text(f"hotspots.state.{row['shown']}") + (f" ({text('hotspots.reopened')})" if row["reopened"] else "")
    lines = [why(row, text)]
    if row["scans_little"]:
        lines.append(text("hotspots.why.little", verdict=text(f"verdict.{row['activity']}"), rate=text.percent(row["activity_rate"])))
    if not row["located"]:
        lines.append(text("hotspots.unlocated"))
    place = " · ".join([kind, row["commune"], row["district"], row["venue_code"]])
    said = "".join(f'<p class="phuqr-why">{escape(line)}</p>' for line in lines)
    name = f"grade-{row['grade']}"
    grade = (
        f'<span class="phuqr-swatch phuqr-{name}"></span>{escape(text("hotspots.grade"))}: '
        f"{escape(text('hotspots.' + name.replace('-', '.')))}"
    )
    return (
        f'<section class="phuqr-panel phuqr-spot"><h2>{escape(row["name"])}</h2><p>{escape(place)}</p>'
        f"<p><b>{grade}</b> · {escape(text('hotspots.state'))}: <b>{escape(state)}</b></p>"
        f"{said}</section>"
    )


def mark_hotspots(found, clusters, names, text, selected=None):
    """The marks of hotspots; found: geo.hotspots.Hotspots; clusters: as geo.hotspots.read_clusters gives them; names: kind -> name."""
    spots = [
        {
            "code": row["venue_code"], "lat": row["lat"], "lon": row["lon"], "grade": int(row["grade"]), "count": row["cases"],
            "title": row["name"], "located": bool(row["located"]), "closed": row["shown"] == "closed",
            "lines": [names.get(row["kind"], row["kind"]), f"{row['commune']}, {row['district']}", why(row, text)],
        }
        for _, row in found.rows.iterrows()
    ]  # fmt: skip
    outlines = [
        {"outline": row.outline, "title": text("hotspots.cluster", venues=text.number(row.venues), cases=text.number(row.cases))}
        for row in clusters.itertuples()
    ]
    return marks(spots, outlines, selected)


def spot_legend(rows, clusters, metres, text):
    """What the marks on the map mean, and how many there are of each."""
    entries = [(f"phuqr-grade-{grade}", text(f"hotspots.grade.{grade}"), ((rows["grade"] == grade) & (rows["shown"] != "closed")).sum()) for grade in GRADES[::-1]]
    entries.append(("phuqr-unlocated", text("hotspots.legend.unlocated"), (~rows["located"].astype(bool)).sum()))
    entries.append(("phuqr-closed", text("hotspots.legend.closed"), (rows["shown"] == "closed").sum()))
    items = "".join(
        f'<li><span class="phuqr-swatch {look}"></span><span>{escape(label)}</span><b>{escape(text.number(count))}</b></li>'
        for look, label, count in entries if count or look.startswith("phuqr-grade")
    )  # fmt: skip
    if len(clusters):
        label = escape(text("hotspots.legend.cluster", metres=text.number(metres)))
        items += f'<li><span class="phuqr-swatch phuqr-cluster"></span><span>{label}</span><b>{escape(text.number(len(clusters)))}</b></li>'
    count = escape(text("hotspots.legend.count"))
    return f'<section class="phuqr-legend"><h3>{escape(text("hotspots.legend"))}</h3><ul>{items}</ul><p>{count}</p></section>'


def shares(table, names, text):
    """The share of hotspots by kind; names: code of a kind -> its name."""
    rows = "".join(
        f"<tr><td>{escape(names.get(row.code, row.code))}</td><td>{escape(text.number(row.hotspots))}</td>"
        f"<td>{escape(text.percent(row.share))}</td></tr>"
        for row in table.itertuples()
    )
    heads = "".join(f"<th>{escape(text(name))}</th>" for name in ("hotspots.kind", "hotspots.legend", "hotspots.share"))
    return f'<div class="phuqr-table phuqr-rows"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def history(decisions, text):
    """What was decided on a venue, the newest first."""
    if decisions.empty:
        return f"<p>{escape(text('hotspots.history.none'))}</p>"
    key = {"review": "hotspots.state", "answer": "gap.state"}
    items = "".join(
        f"<li><b>{escape(text(f'{key[row.of]}.{row.state}'))}</b> · {escape(text.moment(row.decided_at))} · {escape(row.account)}"
        f"<br>{escape(row.said)}</li>"
        for row in decisions.itertuples()
    )
    return f'<ul class="phuqr-history">{items}</ul>'
