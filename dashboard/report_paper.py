"""The paper of an official letter as decree 30/2020/NĐ-CP has it: A4, its margins, Times New Roman, heading and signature, as docx."""

import io
import zipfile
from datetime import datetime, time
from zoneinfo import ZoneInfo

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from dashboard.text import printable
from geo.db import TIME_ZONE

FONT = "Times New Roman"
WIDTH = 16.0  # cm, between the margins
_MARGINS = {"top_margin": 2.0, "bottom_margin": 2.0, "left_margin": 3.0, "right_margin": 2.0}
_THEMED = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")
_FIRST = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can tell


def moment_of(on):
    """The moment that the files of a report of a day say they were made: seven in the morning, so that equal data make equal bytes."""
    return datetime.combine(on, time(7), ZoneInfo(TIME_ZONE))


class Paper:
    """A letter that is written from its head to its foot; every text is cleaned of what XML refuses."""

    def __init__(self, title, on):
        self._document = document = Document()
        section = document.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        for name, width in _MARGINS.items():
            setattr(section, name, Cm(width))
        section.header_distance = Cm(1.0)
        for name, size in (("Normal", 14), ("Header", 13), ("Heading 1", 14)):
            style = document.styles[name]
            style.font.size, style.font.name = Pt(size), FONT
            style.font.color.rgb = RGBColor(0, 0, 0)
            fonts = style.element.rPr.rFonts
            for slot in ("ascii", "hAnsi", "eastAsia", "cs"):
                fonts.set(qn(f"w:{slot}"), FONT)
            for slot in _THEMED:
                fonts.attrib.pop(qn(f"w:{slot}"), None)
        document.styles["Heading 1"].font.bold = True
        document.styles["Normal"].paragraph_format.widow_control = True
        self._set_language()
        self._number_pages(section)
        made, properties = moment_of(on).astimezone(ZoneInfo("UTC")).replace(tzinfo=None), document.core_properties
        properties.title, properties.language = printable(title), "vi-VN"
        properties.author = properties.comments = properties.last_modified_by = ""
        properties.created = properties.modified = made
        properties.revision = 1

    def _set_language(self):
        for language in self._document.styles.element.iter(qn("w:lang")):
            language.set(qn("w:val"), "vi-VN")

    def _number_pages(self, section):
        """The page's number in the middle of the top, from the second page on."""
        section.different_first_page_header_footer = True
        line = section.header.paragraphs[0]
        line.alignment = ALIGN.CENTER
        for kind, said in (("begin", None), (None, "PAGE"), ("end", None)):
            run = line.add_run()
            element = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                element.set(qn("w:fldCharType"), kind)
            else:
                element.text = said
            run._r.append(element)

    def head(self, left, right):
        """The two columns on top; each a list of (text, style letters such as "b", size)."""
        table = self._document.add_table(1, 2)
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        _set_widths(table, (6.6, 10.0))
        for cell, lines in zip(table.rows[0].cells, (left, right), strict=True):
            _write_lines(cell, lines, ALIGN.CENTER)

    def write(self, said, style="", align=ALIGN.JUSTIFY, indent=1.0, size=None, after=6, keep=False):
        """A paragraph. style: letters of b (bold), i (italic); indent: of its first line, in cm."""
        paragraph = self._document.add_paragraph()
        _write_run(paragraph, said, style, size)
        form = paragraph.paragraph_format
        paragraph.alignment, form.first_line_indent = align, Cm(indent)
        form.space_before, form.space_after, form.line_spacing = Pt(0), Pt(after), 1.1
        form.keep_with_next = keep
        return paragraph

    def title(self, kind, *about):
        """What kind of letter it is, and what about, with the short line under it."""
        self.write(kind, "b", ALIGN.CENTER, 0, 14, after=0, keep=True).paragraph_format.space_before = Pt(12)
        for line in about:
            self.write(line, "b", ALIGN.CENTER, 0, 14, after=0, keep=True)
        self.write("————————", "", ALIGN.CENTER, 0, 8, after=8)

    def section(self, said):
        """The heading of a section, which stays with what follows."""
        paragraph = self._document.add_paragraph(style="Heading 1")
        _write_run(paragraph, said)
        form = paragraph.paragraph_format
        form.space_before, form.space_after, form.keep_with_next, form.first_line_indent = Pt(8), Pt(4), True, Cm(1.0)

    def caption(self, said):
        """The words over a table, which stay with it."""
        self.write(said, "i", ALIGN.CENTER, 0, 12, after=3, keep=True).paragraph_format.space_before = Pt(4)

    def table(self, columns, widths, rows, size=12, bold=()):
        """A table with lines; its head is repeated on each page, no row is broken. Numbers (texts of digits) stand at the right.

        bold: places of rows that are sums.
        """
        table = self._document.add_table(1, len(columns), style="Table Grid")
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        for cell, name in zip(table.rows[0].cells, columns, strict=True):
            _write_lines(cell, [(name, "b", size)], ALIGN.CENTER)
        for place, row in enumerate(rows):
            cells = table.add_row().cells
            for cell, said in zip(cells, row, strict=True):
                align = ALIGN.RIGHT if said[:1] in "0123456789+–" and len(said) < 25 else ALIGN.LEFT
                _write_lines(cell, [(said, "b" if place in bold else "", size)], align)
        _set_widths(table, widths)
        for place, row in enumerate(table.rows):
            properties = row._tr.get_or_add_trPr()
            properties.append(OxmlElement("w:cantSplit"))
            if place == 0:
                properties.append(OxmlElement("w:tblHeader"))
            # neither its head nor its last row stands alone on a page
            if place < min(2, len(rows)) or place == len(rows) - 1:
                for cell in row.cells:
                    cell.paragraphs[0].paragraph_format.keep_with_next = True
        gap = self.write("", indent=0, after=0).paragraph_format
        gap.line_spacing_rule, gap.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(8)

    def picture(self, image, caption, alt):
        """A PNG over the whole width, with its words under it."""
        paragraph = self._document.add_paragraph()
        paragraph.alignment, paragraph.paragraph_format.keep_with_next = ALIGN.CENTER, True
        paragraph.paragraph_format.space_after = Pt(0)
        shape = paragraph.add_run().add_picture(io.BytesIO(image), width=Cm(WIDTH))
        shape._inline.docPr.set("descr", printable(alt))
        self.write(caption, "i", ALIGN.CENTER, 0, 12, after=8)

    def foot(self, left, right):
        """Who gets copies, and where it is signed; kept on one page."""
        table = self._document.add_table(1, 2)
        _set_widths(table, (8.0, 8.0))
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, lines, align in zip(table.rows[0].cells, (left, right), (ALIGN.LEFT, ALIGN.CENTER), strict=True):
            _write_lines(cell, lines, align)

    def page_break(self):
        """What follows begins on a page of its own."""
        self._document.add_page_break()

    def save(self):
        """The docx (bytes), the same for the same words: its parts bear no time of day."""
        file = io.BytesIO()
        self._document.save(file)
        out = io.BytesIO()
        with zipfile.ZipFile(file) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fixed:
            for entry in made.infolist():
                info = zipfile.ZipInfo(entry.filename, _FIRST)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
                fixed.writestr(info, made.read(entry))
        return out.getvalue()


def _write_run(paragraph, said, style="", size=None):
    run = paragraph.add_run(printable(said))
    run.bold, run.italic = ("b" in style) or None, ("i" in style) or None
    if size:
        run.font.size = Pt(size)


def _write_lines(cell, lines, align):
    for place, (said, style, size) in enumerate(lines):
        paragraph = cell.add_paragraph() if place else cell.paragraphs[0]
        _write_run(paragraph, said, style, size)
        paragraph.alignment = align
        paragraph.paragraph_format.space_after = Pt(2)
        paragraph.paragraph_format.line_spacing = 1.0


def _set_widths(table, widths):
    """Fixed widths, in cm: LibreOffice reads them from the columns, Word from the cells."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)
