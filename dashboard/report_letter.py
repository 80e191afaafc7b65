"""The weekly report as an official letter: its sections in the sentences that such letters use, made of the figures of geo.weekly."""

from dashboard import report_sections as sections
from dashboard.report_paper import ALIGN, Paper
from dashboard.report_sections import QUALITY, lower
from geo.coverage import RATES
from geo.names import split_kind
from geo.quality import LATE_DAYS
from geo.units import LEVELS

_BLANKS = 2  # lines that are left to fill
_CODES = {"creation_rate": "I1", "activity_rate": "I4", "cohort_rate": "I4c"}


class Letter:
    """A Paper with what its sections are made of: a geo.weekly.Weekly, or a geo.daily.Bulletin.

    days: texts of the first and the last day that it is about, by the words' names for them.
    """

    def __init__(self, found, text):
        self.weekly, self.text = found, text
        self.words = {"weekly": "report", "daily": "bulletin"}[found.kind]
        self.unit = lower(found.unit.name)
        window = found.window
        self.days = {"first": text.day(window.first), "last": text.day(window.last)}
        self.length = text("days", count=(window.last - window.first).days + 1)
        self.about = text("report.about", unit=self.unit), text(f"{self.words}.period", **self.days)
        self.paper = Paper(f"{text(f'{self.words}.title')}: {', '.join(self.about)}", found.on)
        self.tables = self.figures = self.sections = 0

    def section(self, name):
        self.sections += 1
        self.paper.section(f"{self.sections}. {self.text(f'{self.words}.{name}')}")

    def caption(self, name, **values):
        self.tables += 1
        self.paper.caption(self.text(f"{self.words}.table.{name}", number=self.tables, **values))

    def picture(self, image, name, window=None):
        self.figures += 1
        said = self.text(f"report.{name}", number=self.figures, window=self.text.window(window or self.weekly.window))
        self.paper.picture(image, said, said)

    def say(self, key, **values):
        self.paper.write(self.text(f"{self.words}.{key}", **values))


def write_letter(weekly, pictures, difficulties, proposals, text):
    """The docx (bytes) of a Weekly; pictures: PNGs of the map and of the days, None for those there are not.

    difficulties, proposals: the office's own words, one paragraph a line; None leaves lines to fill.
    """
    letter = Letter(weekly, text)
    paper = letter.paper
    write_head(letter)
    _write_addressees(letter)
    say_invented(letter)
    letter.say("opening", unit=letter.unit, days=letter.length, **letter.days)
    letter.section("results")
    sections.write_results(letter, pictures)
    letter.section("deadlines")
    sections.write_deadlines(letter)
    letter.section("lagging")
    sections.write_lagging(letter)
    if weekly.cases:
        letter.section("tracing")
        sections.write_tracing(letter)
    letter.section("departments")
    sections.write_departments(letter)
    letter.section("inspections")
    sections.write_inspections(letter)
    letter.section("quality")
    sections.write_quality(letter)
    for name, said in (("difficulties", difficulties), ("proposals", proposals)):
        letter.section(name)
        for line in (said or "").splitlines() or [text("report.blank")] * _BLANKS:
            paper.write(line)
    closing = text("report.closing", unit=letter.unit, to=text("report.and").join(_addressees(letter)), **letter.days)
    paper.write(closing, keep=True)
    write_foot(letter)
    write_definitions(letter, list_definitions(weekly, text))
    return paper.save()


def _addressees(letter):
    """Who a report goes to: the committee of the unit, and of a district the department of its province too."""
    weekly, text = letter.weekly, letter.text
    committee = text("report.to.committee", unit=letter.unit)
    if weekly.unit.level == LEVELS["province"]:
        return [committee]
    return [committee, text("report.to.department", unit=lower(weekly.province.name))]


def say_invented(letter):
    """Over what is told of the sample, that it is invented."""
    if letter.weekly.holdings.invented:
        letter.paper.write(letter.text("banner_invented"), "b", ALIGN.CENTER, 0, after=8)


def write_head(letter):
    """The two columns on top and the title."""
    weekly, text = letter.weekly, letter.text
    on, office = weekly.on, text("report.above", unit=weekly.unit.name.upper())
    place = text(
        "report.place", place=split_kind(weekly.unit.name)[1], day=f"{on.day:02d}", month=f"{on.month:02d}" if on.month < 3 else on.month,
        year=on.year,
    )  # fmt: skip
    letter.paper.head(
        [(office, "", 13), ("……………………………", "b", 13), ("————", "", 8), (text("report.number"), "", 13)],
        [(text("report.state"), "b", 12), (text("report.motto"), "b", 13), ("———————————————", "", 8), (place, "i", 13)],
    )
    letter.paper.title(text(f"{letter.words}.title"), *letter.about)


def _write_addressees(letter):
    text = letter.text
    to = _addressees(letter)
    if len(to) == 1:
        letter.paper.write(f"{text('report.to')} {to[0]}.", align=ALIGN.CENTER, indent=0, after=10)
        return
    letter.paper.write(text("report.to"), align=ALIGN.LEFT, indent=3.0, after=2, keep=True)
    for place, name in enumerate(to):
        letter.paper.write(f"- {name}{'.' if place == len(to) - 1 else ';'}", align=ALIGN.LEFT, indent=4.0, after=2 if place < len(to) - 1 else 10)


def write_foot(letter, copies=("above", "blank", "kept")):
    """Who gets copies, and where it is signed."""
    text = letter.text
    copies = [(text("report.copies"), "bi", 12), *((text(f"report.copies.{name}"), "", 11) for name in copies)]
    blank = ("", "", 13)
    letter.paper.foot(copies, [("……………………………", "b", 14), (text("report.signature"), "i", 12), *[blank] * 4, ("……………………………", "b", 14)])


def write_definitions(letter, paragraphs):
    """The last page: what each figure is."""
    weekly, text, paper = letter.weekly, letter.text, letter.paper
    paper.page_break()
    paper.write(text("report.definitions"), "b", ALIGN.CENTER, 0, 14, after=6, keep=True)
    for said in paragraphs:
        paper.write(said, indent=0, size=12, after=3)
    if weekly.holdings.invented:
        paper.write(text("banner_invented"), "b", indent=0, size=12)


def list_definitions(weekly, text):
    """What each figure of a report is, with its window, as paragraphs."""
    window = weekly.window
    days = {"first": text.day(window.first), "last": text.day(window.last)}
    said = [text("report.definitions.intro")]
    said += [text("report.definition.rate", code=_CODES[rate], name=lower(text(rate)), said=text.definition(rate, window)) for rate in RATES]
    said += [text(f"report.definition.{name}", **days) for name in ("new", "active", "never_scanned", "no_scan_communes", "scans")]
    if weekly.cases:
        said += [text(f"report.definition.{name}", **days) for name in ("gap", "hotspot")]
    said += [text("report.definition.inspection", **days), text("report.definition.lagging")]
    newest = weekly.quality.newest
    more = {**days, "days": LATE_DAYS, "newest": text.day(newest) if newest else text("no_data")}
    return said + [f"I15, {lower(text(f'quality.{share}'))}: {text(f'quality.{share}.definition', **more)}" for share in QUALITY]
