"""Why a unit is called lagging: one plain sentence with the figures that made it so."""

from geo.lagging import QUESTIONS


def reason(found, code, question, text):
    """The sentence for a unit of a geo.lagging.Lagging that lags or is to be watched; None for any other verdict."""
    row, counts = found.rows.loc[code], found.counts.loc[code]
    if row[question] not in ("lagging", "watch"):
        return None
    numerator, denominator = QUESTIONS[question]
    parent = found.parents[row["parent_code"]]
    low, high, parent_rate, weeks = (row[f"{question}_{name}"] for name in ("low", "high", "parent_rate", "weeks"))
    said = text(
        f"reason.{question}", name=row["name"], numerator=text.number(counts[numerator]),
        denominator=text.number(counts[denominator]), rate=text.percent(counts[f"{question}_rate"]), low=text.decimal(100 * low),
        high=text.percent(high), parent_rate=text.percent(parent_rate), parent=parent[:1].lower() + parent[1:],
    )  # fmt: skip
    if row[question] == "watch":
        return f"{said}; {text('reason.watch')}"
    return f"{said}; {text('reason.weeks', weeks=weeks)}" if weeks > 1 else said


def reasons(found, code, text):
    """All that is to be said of a unit: of creation, of activity, and of weeks without a scan; empty where there is nothing."""
    row = found.rows.loc[code]
    said = [reason(found, code, question, text) for question in QUESTIONS]
    weeks = row["weeks_without_scans"]
    if weeks:
        key = "reason.no_scans" if weeks == 1 else "reason.no_scans_weeks"
        said.append(text(key, name=row["name"], weeks=weeks))
    return [sentence for sentence in said if sentence]
