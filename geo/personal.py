"""What a telephone or identity number, an e-mail address and the payload of a person's QR code look like within a text.

The patterns are written for Python's re and for RE2, which loaders/personal.py looks at whole columns with.
"""

import re

_GAP = "(?:[ .\u00a0\u202f-]{1,3}|\\)[ .-]?)"
MOBILE = "(?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])"  # second and third digit, by the numbering plan of 2018
PROVINCE = "0(?:0[1-9]|[1-8][0-9]|9[0-6])"
BORN = "(?:[01][0-9]{2}|[23][0-2][0-9])"  # century and sex, year: 2 and 3 are the sexes of those born since 2000


def _grouped(start, length, *shapes):
    """Regular expression of a number that begins so, `length` digits of it matched by then, in groups of these sizes."""
    forms = []
    for first, *others in shapes:
        forms.append(f"{start}[0-9]{{{first - length}}}" + "".join(f"{_GAP}[0-9]{{{size}}}" for size in others))
    return "|".join(forms)


_TELEPHONE = "|".join([
    _grouped(rf"\(?0{MOBILE}", 3, (10,), (4, 3, 3), (3, 3, 4), (3, 4, 3), (4, 2, 2, 2), (4, 6), (3, 7), (5, 5), (3, 2, 2, 3)),
    r"0[35789]\.[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{2}",
    rf"\(?\+?84\)?{_GAP}?(?:\(?0{_GAP}?)?(?:" + _grouped(MOBILE, 2, (9,), (3, 3, 3), (2, 3, 4), (2, 7), (3, 6), (3, 2, 2, 2)) + ")",
    _grouped(r"\(?02", 2, (11,), (4, 4, 3), (4, 3, 4), (4, 7), (5, 3, 3), (3, 4, 4), (3, 8), (4, 1, 3, 3), (3, 2, 3, 3)),
    rf"\(?\+?84\)?{_GAP}?" + "(?:" + _grouped("2", 1, (10,), (3, 4, 3), (3, 3, 4), (3, 7), (2, 4, 4), (2, 8)) + ")",
])  # fmt: skip
# What stands around a number that is a person's: not the rest of a longer one, of a decimal, of a tax code's branch
# (0312345678-001) or of a hexadecimal identifier; a word for telephone may stand right before.
_TELEPHONE = (
    r"(?:^|[^0-9A-Za-z_.,]|[^0-9][.,]|(?i:đt|dt|tel|zalo|phone|lh|hotline))"
    rf"(?:{_TELEPHONE})(?:$|[^0-9A-Za-z_-]|-(?:$|[^0-9]|[0-9]{{4}}))"
)
NOT_ROUND = "(?:[0-9]{2}[1-9]|[0-9][1-9]0|[1-9]00)"  # three last digits: a sum of money ends in 000
_BEFORE, _AFTER = r"(?:^|[^0-9A-Za-z_.,-]|[^0-9A-Za-z][.,-])", r"(?:$|[^0-9A-Za-z_.,-]|[.,-](?:$|[^0-9A-Za-z]))"
_IDENTITY = (
    rf"{_BEFORE}{PROVINCE}(?:{BORN}[0-9]{{6}}| {BORN} [0-9]{{3}} [0-9]{{3}}|[0-3] [0-9]{{4}} [0-9]{{4}}){_AFTER}"
    rf"|{_BEFORE}[0-9]{{6}}{NOT_ROUND}{_AFTER}"
)
PAYLOAD = (
    r"(?:[0-9]{12}|[0-9]{9})[ \t]*\|"
    r"|\|[ \t]*(?:[0-3]?[0-9][-/.]?[01]?[0-9][-/.]?(?:19[0-9]|20[01])[0-9]|(?:19[0-9]|20[01])[0-9]-[01][0-9]-[0-3][0-9])[ \t]*\|"
)
MAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2}"
RULES = {
    "nội dung mã QR cá nhân": PAYLOAD,
    "số điện thoại": _TELEPHONE,
    "số giấy tờ tùy thân": _IDENTITY,
    "thư điện tử": MAIL,
}
ANY = "|".join(RULES.values())
# Numbers within text that are no person's: a company's after such a word, and a UUID.
NEUTRAL = (
    r"(?i)(?:mst|mã số thuế|ma so thue|msdn|mã số doanh nghiệp|đkkd|gpkd|giấy phép)[^0-9|@]{0,12}[0-9]+(?:-[0-9]{3})?"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


def holds_person(text):
    """Whether a text holds a telephone or identity number, an e-mail address or a person's QR payload."""
    return re.search(ANY, text) is not None and re.search(ANY, re.sub(NEUTRAL, "", text)) is not None
