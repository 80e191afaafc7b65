"""The pieces of HTML that the page of inspections is made of; every text that may come from a file is escaped here."""

from html import escape

import pandas as pd

from dashboard.tracing_panels import card, cards
from geo.inspections import OUTCOMES

BLANKS = ("posted", "supervised", "minutes", "heads", "outcome", "note")  # columns of a sheet that a team fills in


def say_reasons(row, text):
    """Why a venue is to be inspected, in words: a list; row: of a geo.plans.Worklist."""
    values = {
        "missed": text.number(row.get("missed")), "created": text.day(row["created_on"]), "days": text.number(row["quiet_days"]),
        "last": "" if pd.isna(row["last_scan"]) else text.day(row["last_scan"]),
    }  # fmt: skip
    said = [text(f"inspection.reason.{reason}", **values) for reason in row["reasons"]]
    if row["reminded"]:
        said.append(text("inspection.reminded", count=text.number(row["reminded"])))
    return said or [text("inspection.reason.none")]


def say_result(row, text):
    """What a team found, in one line: outcome aside."""
    known = {True: text("inspection.yes").lower(), False: text("inspection.no").lower()}
    flags = {name: text("inspection.unknown") if pd.isna(row[name]) else known[bool(row[name])] for name in ("posted", "supervised")}
    if pd.isna(row["head_count"]) or pd.isna(row["scanned"]):
        return text("inspection.told.short", **flags)
    return text("inspection.told", **flags, scanned=text.number(row["scanned"]), heads=text.number(row["head_count"]))


def say_refusal(error, text):
    """Why nothing was kept: of a geo.errors.InspectionError its own words, of any other that the database refused it."""
    return text(f"inspection.why.{getattr(error, 'why', 'database')}")


def venue_card(row, kind, text):
    """A venue of the worklist: what it is, where, and why it is to be inspected, or what came of it."""
    where = " · ".join(filter(None, (kind, None if pd.isna(row["address"]) else row["address"], row["code"], row["team"])))
    if pd.isna(row["inspection"]):
        reasons = "".join(f"<li>{escape(each)}</li>" for each in say_reasons(row, text))
        told = f'<ul class="phuqr-reasons">{reasons}</ul>'
    else:
        outcome = escape(text(f"inspection.outcome.{row['outcome']}"))
        day, found = escape(text.day(row["inspected_on"])), escape(say_result(row, text))
        told = f'<p><b class="phuqr-outcome-{row["outcome"]}">{outcome}</b> · {day}</p><p>{found}</p>'
    return f'<section class="phuqr-todo"><h4>{escape(row["name"])}</h4><p>{escape(where)}</p>{told}</section>'


def progress_cards(found, text):
    """I13, I8 and I9 of a geo.plans.Progress."""
    total = found.total
    counts = {name: text.number(total[name]) for name in ("planned", "inspected", "posted", "scanned", "head_count")}
    ends = {name: text.percent(total[f"scanned_{name}"]) for name in ("low", "high")}
    looked = pd.notna(total["posted_rate"])
    return cards([
        card(text("inspection.card.rate"), text.percent(total["rate"]), text("inspection.card.rate.of", **_only(counts, "inspected", "planned")),
             text("inspection.card.rate.definition", day=text.day(found.day))),
        card(text("inspection.card.posted"), text.percent(total["posted_rate"]),
             text("inspection.card.posted.of", **_only(counts, "posted", "inspected")) if looked else "",
             text("inspection.card.posted.definition", count=text.number(total["not_looked"]))),
        card(text("inspection.card.scanned"), text.percent(total["scanned_rate"]),
             text("inspection.card.scanned.of", **_only(counts, "scanned", "head_count"), **ends) if pd.notna(total["scanned_rate"]) else "",
             text("inspection.card.scanned.definition")),
    ])  # fmt: skip


def _only(counts, *names):
    return {name: counts[name] for name in names}


def outcomes(total, text):
    """How many venues have which outcome."""
    items = "".join(
        f"<div><dt>{escape(text(f'inspection.outcome.{outcome}'))}</dt><dd>{escape(text.number(total[outcome]))}</dd></div>"
        for outcome in OUTCOMES
    )
    return f'<div class="phuqr-tally"><dl>{items}</dl></div>'


def progress_table(found, by, text):
    """Progress unit by unit, or team by team, with the total."""
    columns = ("planned", "inspected", "left", "rate", *(f"outcome.{outcome}" for outcome in OUTCOMES), "posted_rate", "scanned_rate")
    heads = [text("inspection.column.team" if by == "team" else "inspection.column.name")]
    heads += [text(f"inspection.{column}" if column.startswith("outcome.") else f"inspection.column.{column}") for column in columns]
    rows = found.rows.to_dict("records")
    body = "".join(_progress_row(row["name"], row, columns, text) for row in rows)
    body += _progress_row(text("inspection.total"), found.total, columns, text, "phuqr-sum") if len(rows) > 1 else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f'<div class="phuqr-table phuqr-units phuqr-rows"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _progress_row(name, row, columns, text, look=""):
    values = {**row, "left": row["planned"] - row["inspected"] if pd.notna(row["planned"]) else pd.NA}
    cells = [name] + [
        text.percent(values[column]) if column.endswith("rate") else text.number(values[column.removeprefix("outcome.")]) for column in columns
    ]  # fmt: skip
    return f'<tr class="{look}">{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'


def ladder_table(rows, text):
    """The steps of the reminder ladder, venue by venue; rows: of geo.plans.read_ladder."""
    columns = ("venue", "commune", "day", "step", "outcome", "note")
    head = "".join(f"<th>{escape(text(f'inspection.column.{column}'))}</th>" for column in columns)
    body = ""
    for row in rows.to_dict("records"):
        cells = (
            f"{row['name']} ({row['venue_code']})", row["commune"], text.day(row["inspected_on"]), text(f"inspection.step.{row['step']}"),
            text(f"inspection.outcome.{row['outcome']}"), "" if pd.isna(row["note"]) else row["note"],
        )  # fmt: skip
        body += f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    return f'<div class="phuqr-table phuqr-worklist"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def sheet(worklist, team, kinds, text):
    """The sheet that a team takes along, shown on paper alone: venues to inspect by commune, with blanks to fill in; tells of no cases."""
    names = ("place", "name", "why", *BLANKS)
    head = "".join(f"<th>{escape(text('inspection.note' if name == 'note' else f'inspection.sheet.{name}'))}</th>" for name in names)
    rows = worklist.rows[worklist.rows["inspection"].isna()]
    body, number = "", 0
    for _, inside in rows.groupby("commune_code", sort=False):
        first = inside.iloc[0]
        body += f'<tr><th colspan="{len(names)}">{escape(first["commune"])}, {escape(first["district"])}</th></tr>'
        for row in inside.to_dict("records"):
            number += 1
            where = " · ".join(filter(None, (kinds.get(row["kind"], row["kind"]), None if pd.isna(row["address"]) else row["address"], row["code"])))
            body += (
                f"<tr><td>{number}</td><td><b>{escape(row['name'])}</b><br>{escape(where)}</td><td>{escape('; '.join(say_reasons(row, text)))}</td>"
                f"{'<td></td>' * len(BLANKS)}</tr>"
            )
    of = worklist.campaign
    title = f"{text('inspection.sheet')} – {of.name}"
    small = " · ".join(filter(None, (worklist.unit.name, team, text.day(worklist.day))))
    return (
        f'<section class="phuqr-sheet"><h2>{escape(title)}</h2><p>{escape(small)}</p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(text('inspection.note.help'))}</p></section>"
    )
