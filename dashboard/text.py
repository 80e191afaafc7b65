"""Words, numbers and dates as a reader of the dashboard sees them, in Vietnamese or in English."""

import re
from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pandas as pd
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from dashboard.words import RULES, TEXTS
from geo.db import TIME_ZONE

_NBSP = "\u00a0"
# What XML 1.0 refuses, of which docx and xlsx are made
_REFUSED = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(said):
    """A text, which may come from a file, as docx and xlsx can hold it: without control characters."""
    return _REFUSED.sub("", str(said))


@lru_cache(maxsize=50_000)
def _decimal(number, pattern, language):
    """Kept, since babel takes 20 µs a number and a page writes thousands of the same ones at each rerun."""
    return format_decimal(number, format=pattern, locale=language)


class Text:
    """The words of one language; numbers and dates are written as it writes them."""

    def __init__(self, language):
        self.language = language
        self._texts = TEXTS[language]

    def __call__(self, key, **values):
        """The text of that key, its {names} filled in."""
        return self._texts[key].format(**values)

    def number(self, count):
        """1904 as 1.904; a null as a dash, the rate beside it says why."""
        return "–" if pd.isna(count) else _decimal(int(count), "#,##0", self.language)

    def decimal(self, number):
        """12.07 as 12,1; a null as a dash."""
        return "–" if pd.isna(number) else _decimal(float(number), "#,##0.0", self.language)

    def fraction(self, number, places=3):
        """0.0312 as 0,031."""
        return _decimal(round(float(number), places) + 0.0, f"0.{'0' * places}", self.language)

    def percent(self, rate, decimals=1):
        """0.2994 as 29,9 %, the blank not breaking; a null as "no data"."""
        if pd.isna(rate):
            return self("no_data")
        pattern = "#,##0.0" if decimals else "#,##0"
        # 2.499 of 2.500 have not reached 100 %, which rounding would say
        shown = min(100 * float(rate), 99.9) if decimals and rate < 1 else 100 * float(rate)
        return _decimal(shown, pattern, self.language) + (f"{_NBSP}%" if self.language == "vi" else "%")

    def group(self, code):
        """The name of an obligation group; its code where it has none."""
        return self._texts.get(f"group_{code}", code)

    def rule(self, rule):
        """What a rule of the loaders says was wrong; its own name where there are no other words for it."""
        return RULES.get(rule, rule) if self.language == "vi" else rule.replace("_", " ")

    def day(self, day):
        """26/11/2021, in either language."""
        return format_date(day, "dd/MM/yyyy", locale=self.language)

    def moment(self, moment):
        """26/11/2021 14:05, Vietnamese time; a null as "no data"."""
        if moment is None:
            return self("no_data")
        return format_datetime(moment, "dd/MM/yyyy HH:mm", tzinfo=ZoneInfo(TIME_ZONE), locale=self.language)

    def window(self, window):
        """26/11/2021 – 08/12/2021 (13 ngày)."""
        count = (window.last - window.first) // timedelta(days=1) + 1
        return f"{self.day(window.first)} – {self.day(window.last)} ({self('days', count=count)})"

    def rate(self, row, rate, numerator, denominator):
        """The rate of a row with what it was divided from."""
        return self(f"{rate}.of", numerator=self.number(row[numerator]), denominator=self.number(row[denominator]))

    def definition(self, rate, window):
        """The definition of a rate, with its window's days."""
        return self(f"{rate}.definition", first=self.day(window.first), last=self.day(window.last))
