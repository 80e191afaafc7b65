"""Issued reports on their way to offices: by a mail server where one is configured, or as files in a folder with a log."""

import csv
import ipaddress
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, make_msgid
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import pydantic
from pydantic import AfterValidator, ConfigDict, StringConstraints
from pydantic_settings import SettingsError

from dashboard.settings import SECRETS, read_section
from dashboard.text import printable
from geo import sendings
from geo.db import TIME_ZONE
from geo.errors import ReportError

TIMEOUT_S = 30
LOG = "nhat-ky-gui.csv"
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_TYPES = {
    "docx": "vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "pdf",
    "xlsx": "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern="^[!-~]+$")]


def _check_sender(address):
    try:
        return sendings.check_address(address)
    except ReportError:
        raise ValueError("must be an e-mail address without a name") from None


class _Policy(EmailPolicy):
    """As the standard library writes messages, but for a subject that is long and not English, of which it loses blanks between words."""

    def fold_binary(self, name, value):
        if name.lower() != "subject" or value.isascii():
            return super().fold_binary(name, value)
        return f"{name}: {Header(str(value), 'utf-8', header_name=name).encode(linesep=self.linesep)}{self.linesep}".encode("ascii")


class Settings(pydantic.BaseModel):
    """How to reach the mail server, and in whose name.

    security: starttls (port 587 unless given), tls from the first byte on (465), or none (25), for a server on this machine or in the
    office's own network. Neither user nor password is sent over a network without one of the first two.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    host: _Text
    sender: Annotated[str, AfterValidator(_check_sender), pydantic.Field(alias="from")]
    security: Literal["starttls", "tls", "none"] = "starttls"
    port: Annotated[int | None, pydantic.Field(ge=1, le=65535)] = None
    user: _Text | None = None
    password: pydantic.SecretStr | None = None

    @pydantic.model_validator(mode="after")
    def _check_login(self):
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password are given both or neither")
        if self.user and self.security == "none" and not _is_here(self.host):
            raise ValueError("a password goes over starttls or tls only; set security")
        return self


def _is_here(host):
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def read_settings():
    """The Settings from PHUQR_SMTP_* or else from [smtp] of .streamlit/secrets.toml; ReportError where neither names a server."""
    try:
        found = read_section("smtp", Settings, ReportError)
    except SettingsError:
        raise ReportError("PHUQR_SMTP is none of the settings; they are PHUQR_SMTP_HOST, PHUQR_SMTP_FROM and so on") from None
    if found is None:
        raise ReportError(f"no mail server is configured; set PHUQR_SMTP_HOST and PHUQR_SMTP_FROM or [smtp] of {SECRETS}, or give --folder")
    return found


@dataclass(frozen=True)
class Sent:
    """What became of a report for one destination: outcome sent, failed, before (not once more: detail says when), or nobody."""

    report: int
    destination: str | None
    outcome: str
    detail: str | None = None


def send_all(actor, reports, settings, text, again=False):
    """Send geo.reports.Issued reports to those on their lists, a message for each address, and log each; yields a Sent as it is known.

    Those that tell of cases go only to addresses that may have them.
    """
    post = _Post(settings)
    try:
        for issued in reports:
            listed = find_recipients(issued)
            if not listed:
                yield Sent(issued.id, None, "nobody")
            for recipient in listed:
                yield _try(actor, issued, "smtp", recipient.address, again, lambda to: post.send(compose(issued, to, settings.sender, text)))
    finally:
        post.close()


def lay_out_all(actor, reports, folder, text, again=False):
    """Lay the files of issued reports into a folder of each report's own, with a line in LOG there; log and yield as send_all."""
    folder = Path(folder).resolve()
    for issued in reports:
        yield _try(actor, issued, "folder", str(folder), again, lambda to: _lay_out(issued, Path(to), text))


def find_recipients(issued):
    """The geo.sendings.Recipients of a report."""
    listed = sendings.list_recipients(issued.unit_code, issued.kind)
    return [each for each in listed if each.cases or not issued.cases]


def _try(actor, issued, channel, destination, again, does):
    begun = sendings.begin_sending(actor, issued.id, channel, destination, again)
    if begun.before:
        outcome, at = begun.before
        said = "sent" if outcome == "sent" else "begun and cut short, it may have arrived"
        return Sent(issued.id, destination, "before", f"{said} on {at.astimezone(ZoneInfo(TIME_ZONE)):%d/%m/%Y %H:%M}")
    try:
        does(destination)
    except (smtplib.SMTPException, OSError, ValueError) as fault:
        detail = _say(fault)
        sendings.end_sending(actor, begun, detail)
        return Sent(issued.id, destination, "failed", detail)
    sendings.end_sending(actor, begun)
    return Sent(issued.id, destination, "sent")


def compose(issued, address, sender, text):
    """The EmailMessage of a report to an address, its files under names to read."""
    told = {
        "unit": _one_line(issued.unit_name), "first": text.day(issued.window.first), "last": text.day(issued.window.last), "number": issued.id,
        "when": text.moment(issued.issued_at),
    }  # fmt: skip
    message = EmailMessage(_Policy(linesep="\r\n"))
    message["Subject"] = text(f"sending.subject.{issued.kind}", **told)
    message["From"], message["To"] = sender, address
    message["Date"] = format_datetime(datetime.now(ZoneInfo(TIME_ZONE)))
    message["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    names = {name: name_file(issued, name, text) for name in issued.files}
    listed = "\n".join(text("sending.file", name=names[name], sha256=sha256(content).hexdigest()) for name, content in issued.files.items())
    message.set_content(text(f"sending.body.{issued.kind}", files=listed, **told))
    for name, content in issued.files.items():
        kind = _TYPES.get(name.rpartition(".")[2], "octet-stream")
        message.add_attachment(content, maintype="application", subtype=kind, filename=names[name])
    return message


def name_file(issued, name, text):
    """What a stored file is called where people read it: Báo cáo Huyện Đức Thọ 26-11-2021 – 08-12-2021.docx."""
    stem, _, suffix = name.rpartition(".")
    kind = {"bao-cao": "letter", "phu-luc": "appendix", "ban-tin": "bulletin"}.get(stem.partition("_")[0])
    if kind is None:
        return name
    days = {end: f"{day:%d-%m-%Y}" for end, day in (("first", issued.window.first), ("last", issued.window.last))}
    unit = "".join(" " if letter in '\\/:*?"<>|' else letter for letter in _one_line(issued.unit_name))
    return f"{text(f'sending.name.{kind}', unit=unit, **days)}.{suffix}"


def _one_line(name):
    return " ".join(printable(name).split())


class _Post:
    """A connection to the mail server: opened when first needed, again after a fault; one that cannot be opened is tried once only."""

    def __init__(self, settings):
        self._settings, self._client, self._away = settings, None, None

    def send(self, message):
        if self._away:
            raise self._away
        if self._client is None:
            try:
                self._client = _connect(self._settings)
            except (smtplib.SMTPException, OSError, ValueError) as fault:
                self._away = fault
                raise
        try:
            self._client.send_message(message)
        except (smtplib.SMTPException, OSError, ValueError):
            self.close()
            raise

    def close(self):
        if self._client:
            with suppress(smtplib.SMTPException, OSError):
                self._client.quit()
            self._client.close()
            self._client = None


def _connect(settings):
    port, context = settings.port or _PORTS[settings.security], ssl.create_default_context()
    if settings.security == "tls":
        client = smtplib.SMTP_SSL(settings.host, port, timeout=TIMEOUT_S, context=context)
    else:
        client = smtplib.SMTP(settings.host, port, timeout=TIMEOUT_S)
    try:
        if settings.security == "starttls":
            client.starttls(context=context)
        if settings.user:
            client.login(settings.user, settings.password.get_secret_value())
    except BaseException:
        client.close()
        raise
    return client


def _say(fault):
    """What was wrong, in a line: the server's own words where it answered."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        ((code, said),) = fault.recipients.values()
        return _one_line(f"the server refuses the address: {code} {_read(said)}")
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        return _one_line(f"the server refuses user and password: {fault.smtp_code} {_read(fault.smtp_error)}")
    if isinstance(fault, smtplib.SMTPResponseException):
        return _one_line(f"the server refuses the message: {fault.smtp_code} {_read(fault.smtp_error)}")
    if isinstance(fault, UnicodeEncodeError):
        return "user or password have letters that the server cannot be told"
    if isinstance(fault, smtplib.SMTPException):
        return _one_line(f"the server does not do as asked: {fault}")
    if isinstance(fault, OSError):
        return _one_line(f"{fault.filename or 'the mail server'}: {fault.strerror or fault or type(fault).__name__}")
    return _one_line(str(fault))


def _read(said):
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _lay_out(issued, folder, text):
    own = folder / f"bao-cao-{issued.id}"
    own.mkdir(parents=True, exist_ok=True)
    for name, content in issued.files.items():
        (own / name_file(issued, name, text)).write_bytes(content)
    log = folder / LOG
    fresh = not log.exists()
    with log.open("a", encoding="utf-8-sig" if fresh else "utf-8", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow([text(f"sending.log.{name}") for name in ("at", "report", "unit", "first", "last", "file", "sha256", "to")])
        now = f"{datetime.now(ZoneInfo(TIME_ZONE)):%d/%m/%Y %H:%M:%S}"
        addresses = " ".join(each.address for each in find_recipients(issued))
        for name, content in issued.files.items():
            path = f"{own.name}/{name_file(issued, name, text)}"
            days = text.day(issued.window.first), text.day(issued.window.last)
            writer.writerow([now, issued.id, _one_line(issued.unit_name).lstrip("=+-@"), *days, path, sha256(content).hexdigest(), addresses])
