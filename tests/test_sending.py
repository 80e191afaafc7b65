"""phuqr report send against real SMTP servers on this machine: what arrives, what is logged, what is refused, and never twice unasked."""

import csv
import datetime
import ipaddress
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

import phuqr
from dashboard.sending import LOG, compose
from dashboard.text import Text
from geo import db
from geo.accounts import add_account, operator_scope
from geo.audit import operator
from geo.errors import PhuqrError, ReportError
from geo.reports import read_issued
from geo.schema import LOADER
from geo.scope import Scope

ON = ["--on", "2021-12-09", "--from", "2021-11-26", "--to", "2021-12-08"]
ROOT = Path(__file__).resolve().parents[1]
OFFICE, OTHER = "vp-ducTho@example.vn", "vhtt@ducatho.example.vn"


@pytest.fixture(scope="module")
def seated(small_province):
    for name, role, unit in (("leader", "leader", "42"), ("duc-tho", "district", "440"), ("ky-anh", "district", "449")):
        add_account(operator(), name, role, [unit])
    return small_province


@pytest.fixture
def typed(seated, monkeypatch, tmp_path):
    """A function that runs phuqr report in this process and gives what it printed and the error, if any; no mail server is configured."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        done = CliRunner().invoke(phuqr.build(), ["report", *map(str, words)])
        if done.exception and not isinstance(done.exception, PhuqrError | SystemExit):
            raise done.exception
        return done.stdout, done.exception

    yield run
    with db.loading() as connection:
        connection.execute(sa.text("DELETE FROM report_recipient"))


@pytest.fixture
def issued(typed, tmp_path):
    """The number of a report of Đức Thọ without cases, just issued."""
    return issue(typed, tmp_path)


def issue(typed, folder, *more, unit="440", cases="--no-cases"):
    printed, error = typed("issue", "--unit", unit, *ON, cases, "--out", folder / "issued", *more)
    assert not error, error
    return printed.split(":")[0].removeprefix("report ")


class Inbox:
    """What a server takes, and the addresses that it refuses."""

    def __init__(self):
        self.messages, self.refused = [], {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@contextmanager
def serving(monkeypatch, security="none", **options):
    """A server on a free port, to which the environment points; its Inbox."""
    inbox, port = Inbox(), find_port()
    server = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    server.start()
    point_to(monkeypatch, port, security)
    try:
        yield inbox
    finally:
        server.stop()


def find_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def point_to(monkeypatch, port, security="none", **more):
    for name, value in {"host": "127.0.0.1", "port": port, "security": security, "from": "phuqr@hatinh.example.vn", **more}.items():
        monkeypatch.setenv(f"PHUQR_SMTP_{name.upper()}", str(value))


def enlist(typed, *addresses, unit="440", more=()):
    for address in addresses:
        _, error = typed("recipients", "add", address, "--unit", unit, *more)
        assert not error, error


def log(number):
    with db.engine().connect() as connection:
        query = sa.text("SELECT channel, destination, outcome, detail FROM report_sending WHERE report = :number ORDER BY id")
        return [tuple(row) for row in connection.execute(query, {"number": number})]


def last_events(count):
    with db.engine().connect() as connection:
        query = sa.text("SELECT account, event, detail FROM audit ORDER BY id DESC LIMIT :count")
        return [tuple(row) for row in connection.execute(query, {"count": count})][::-1]


def test_a_list_is_kept_shown_and_changed_and_each_change_is_on_record(typed):
    assert typed("recipients", "add", f" {OFFICE} ", "--unit", "440")[0] == f"{OFFICE.lower()} gets the weekly reports of Huyện Đức Thọ\n"
    enlist(typed, OTHER, unit="42", more=["--cases"])
    told = json.loads(typed("recipients", "list", "--json")[0])
    assert [(row["unit_code"], row["unit_name"], row["address"], row["cases"]) for row in told] == [
        ("42", "Tỉnh Hà Tĩnh", OTHER, True), ("440", "Huyện Đức Thọ", OFFICE.lower(), False),
    ]  # fmt: skip
    assert len(json.loads(typed("recipients", "list", "--unit", "440", "--json")[0])) == 1
    assert OFFICE.lower() in typed("recipients", "list")[0]
    assert "Huyện Đức Thọ" in typed("recipients", "list")[0]
    assert not typed("recipients", "remove", OFFICE, "--unit", "440")[1]
    assert last_events(1) == [(operator().name, "report_recipient", f"weekly 440: {OFFICE.lower()} removed")]
    assert "not on the list" in str(typed("recipients", "remove", OFFICE, "--unit", "440")[1])


@pytest.mark.parametrize(("words", "said"), [
    (["none", "--unit", "440"], "'none' is no e-mail address"),
    (["a@b", "--unit", "440"], "no e-mail address"),
    (["Văn phòng <a@b.vn>", "--unit", "440"], "no e-mail address"),
    (["a@b.vn,c@d.vn", "--unit", "440"], "no e-mail address"),
    (["a@b.vn\nBcc:c@d.vn", "--unit", "440"], "no e-mail address"),
    (["a@b.vn", "--unit", "18235"], "no district or province 18235"),
    (["a@b.vn", "--unit", "999"], "no district or province 999"),
    (["a@b.vn", "--unit", "440", "--report", "monthly"], "there is no report 'monthly'; there are weekly, daily"),
    ([OTHER, "--unit", "440"], "gets the weekly reports of 440 already"),
])  # fmt: skip
def test_what_cannot_be_on_a_list_is_refused(typed, words, said):
    enlist(typed, OTHER)
    assert said in str(typed("recipients", "add", *words)[1])
    assert len(json.loads(typed("recipients", "list", "--json")[0])) == 1


def test_a_report_arrives_whole_with_vietnamese_subject_and_file_names(typed, issued, monkeypatch, tmp_path):
    enlist(typed, OFFICE, OTHER)
    with serving(monkeypatch) as inbox:
        printed, error = typed("send", issued)
    assert not error and printed.splitlines() == [f"report {issued}: {OTHER}: sent", f"report {issued}: {OFFICE.lower()}: sent"]
    assert [to for to, _ in inbox.messages] == [[OTHER], [OFFICE.lower()]], "no office learns of the others"
    message = inbox.messages[0][1]
    assert message["Subject"] == "Báo cáo mã QR địa điểm: Huyện Đức Thọ, từ ngày 26/11/2021 đến ngày 08/12/2021"
    assert (message["From"], message["To"], message["Auto-Submitted"]) == ("phuqr@hatinh.example.vn", OTHER, "auto-generated")
    body = message.get_body().get_content()
    assert "Kính gửi Quý cơ quan" in body and f"báo cáo số {issued} trong hệ thống" in body
    taken = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
    assert sorted(taken) == ["Báo cáo Huyện Đức Thọ 26-11-2021 – 08-12-2021.docx", "Phụ lục Huyện Đức Thọ 26-11-2021 – 08-12-2021.xlsx"]
    kept = sorted(path.read_bytes() for path in (tmp_path / "issued").iterdir())
    assert sorted(taken.values()) == kept
    assert all(name in body for name in taken)
    assert log(issued) == [("smtp", OTHER, "sent", None), ("smtp", OFFICE.lower(), "sent", None)]
    assert last_events(1) == [(operator().name, "report_sent", f"report {issued} to {OFFICE.lower()}: sent")]


def test_a_bulletin_goes_to_its_own_list_under_its_own_name(typed, monkeypatch, tmp_path):
    enlist(typed, OFFICE)
    enlist(typed, OTHER, more=["--report", "daily"])
    printed, error = typed("daily", "--unit", "440", "--day", "2021-12-08", "--issue", "--out", tmp_path / "issued")
    assert not error, error
    number = printed.split(":")[0].removeprefix("report ")
    with serving(monkeypatch) as inbox:
        assert typed("send", number) == (f"report {number}: {OTHER}: sent\n", None)
    (message,) = (message for _, message in inbox.messages)
    assert message["Subject"] == "Bản tin mã QR địa điểm: Huyện Đức Thọ, ngày 08/12/2021"
    names = sorted(part.get_filename() for part in message.iter_attachments())
    assert names == ["Bản tin Huyện Đức Thọ 08-12-2021.docx", "Bản tin Huyện Đức Thọ 08-12-2021.xlsx"]


def test_nothing_is_sent_twice_unless_it_is_asked_for(typed, issued, monkeypatch):
    enlist(typed, OFFICE)
    with serving(monkeypatch) as inbox:
        typed("send", issued, issued)
        printed, error = typed("send", issued)
        assert not error and "sent on " in printed and "--again sends it once more" in printed and len(inbox.messages) == 1
        enlist(typed, OTHER)
        typed("send", issued)
        assert [to for to, _ in inbox.messages] == [[OFFICE.lower()], [OTHER]], "who came later gets it, too"
        assert not typed("send", issued, "--again")[1]
        assert len(inbox.messages) == 4


def test_what_was_cut_short_may_have_arrived_and_is_not_sent_by_itself(typed, issued, monkeypatch):
    enlist(typed, OFFICE)
    with db.engine(LOADER).begin() as connection:
        connection.execute(sa.text("INSERT INTO report_sending (report, channel, destination, outcome, sent_by) "
                                   "VALUES (:number, 'smtp', :to, 'begun', 'x')"), {"number": issued, "to": OFFICE.lower()})  # fmt: skip
    with serving(monkeypatch) as inbox:
        assert "begun and cut short, it may have arrived" in typed("send", issued)[0] and not inbox.messages
        typed("send", issued, "--again")
        assert len(inbox.messages) == 1


def test_an_address_that_is_refused_is_logged_and_the_others_get_theirs(typed, issued, monkeypatch):
    enlist(typed, OFFICE, OTHER)
    with serving(monkeypatch) as inbox:
        inbox.refused[OTHER] = "550 5.1.1 Không có hộp thư"
        printed, error = typed("send", issued)
        assert isinstance(error, ReportError) and "1 of the sendings did not go out" in str(error)
        assert f"{OTHER}: failed, the server refuses the address: 550 5.1.1" in printed and len(inbox.messages) == 1
        assert [row[:3] for row in log(issued)] == [("smtp", OTHER, "failed"), ("smtp", OFFICE.lower(), "sent")]
        assert last_events(2)[0][2] == f"report {issued} to {OTHER}: failed"
        inbox.refused.clear()
        printed, error = typed("send", issued)
        assert not error and [to for to, _ in inbox.messages] == [[OFFICE.lower()], [OTHER]], "once mended only that one"


def test_a_server_that_is_away_is_told_once_and_logged_for_each(typed, issued, monkeypatch):
    enlist(typed, OFFICE, OTHER)
    point_to(monkeypatch, find_port())
    tried = []
    monkeypatch.setattr("smtplib.SMTP.connect", lambda *_: tried.append(1) or (_ for _ in ()).throw(ConnectionRefusedError(111, "Connection refused")))
    printed, error = typed("send", issued)
    assert "2 of the sendings did not go out" in str(error) and len(tried) == 1, "each try may take its 30 seconds"
    assert log(issued) == [("smtp", to, "failed", "the mail server: Connection refused") for to in (OTHER, OFFICE.lower())]


def test_without_a_server_there_nobody_waits_for_a_made_up_answer(typed, issued, monkeypatch):
    enlist(typed, OFFICE)
    point_to(monkeypatch, find_port())
    assert "Connection refused" in typed("send", issued)[0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with key and certificate of 127.0.0.1, signed by itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - datetime.timedelta(1), now + datetime.timedelta(1))
        .add_extension(here, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def check_login(server, session, envelope, mechanism, login):
    return AuthResult(success=(login.login, login.password) == (b"phuqr", b"correct"), handled=False)


def secured(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_over_tls_with_a_password(typed, issued, monkeypatch, certificate, security):
    enlist(typed, OFFICE)
    place = {"tls_context": secured(certificate), "require_starttls": True} if security == "starttls" else {"ssl_context": secured(certificate)}
    # aiosmtpd takes starttls alone for TLS where it asks for a password
    more = {"authenticator": check_login, "auth_required": security == "starttls", "auth_require_tls": security == "starttls"}
    monkeypatch.setenv("PHUQR_SMTP_USER", "phuqr")
    monkeypatch.setenv("PHUQR_SMTP_PASSWORD", "wrong")
    if security == "tls":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(monkeypatch, security, **place, **more) as inbox:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        assert "certificate verify failed" in typed("send", issued)[0]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        printed, error = typed("send", issued)
        assert "the server refuses user and password: 535" in printed and error and "wrong" not in printed + str(error)
        monkeypatch.setenv("PHUQR_SMTP_PASSWORD", "correct")
        assert not typed("send", issued)[1] and len(inbox.messages) == 1
    assert [row[2] for row in log(issued)] == ["failed", "failed", "sent"]


def test_a_server_without_starttls_is_not_written_to_in_the_clear(typed, issued, monkeypatch):
    enlist(typed, OFFICE)
    with serving(monkeypatch, "starttls") as inbox:
        printed, error = typed("send", issued)
    assert "STARTTLS extension not supported" in printed and error and not inbox.messages


@pytest.mark.parametrize(("settings", "said"), [
    ({}, "no mail server is configured; set PHUQR_SMTP_HOST"),
    ({"HOST": "mail.example.vn"}, "PHUQR_SMTP_* cannot be used: from: Field required"),
    ({"HOST": "mail.example.vn", "FROM": "Sở <a@b.vn>"}, "from: Value error, must be an e-mail address"),
    ({"HOST": "mail.example.vn", "FROM": "a@b.vn", "USER": "x"}, "user and password are given both or neither"),
    ({"HOST": "mail.example.vn", "FROM": "a@b.vn", "USER": "x", "PASSWORD": "s3cret", "SECURITY": "none"}, "a password goes over starttls or tls only"),
    ({"HOST": "mail.example.vn", "FROM": "a@b.vn", "SECURITY": "ssl"}, "security: Input should be"),
    ({"HOST": "mail.example.vn", "FROM": "a@b.vn", "PORT": "x"}, "port: Input should be a valid integer"),
    ({"HOST": "mail.example.vn", "FROM": "a@b.vn", "SERVER": "x"}, "server: Extra inputs are not permitted"),
])  # fmt: skip
def test_settings_that_cannot_be_used_are_told_before_anything_is_issued_or_sent(typed, issued, monkeypatch, tmp_path, settings, said):
    enlist(typed, OFFICE)
    for name, value in settings.items():
        monkeypatch.setenv(f"PHUQR_SMTP_{name}", value)
    for words in (["send", issued], ["issue", "--unit", "440", *ON, "--send", "--out", tmp_path / "none"]):
        error = typed(*words)[1]
        assert said in str(error) and "s3cret" not in str(error)
    assert not (tmp_path / "none").exists() and not log(issued)


def test_settings_stand_in_the_secrets_as_well(typed, issued, monkeypatch, tmp_path):
    enlist(typed, OFFICE)
    with serving(monkeypatch) as inbox:
        port = os.environ["PHUQR_SMTP_PORT"]
        for name in ("HOST", "PORT", "SECURITY", "FROM"):
            monkeypatch.delenv(f"PHUQR_SMTP_{name}")
        (tmp_path / ".streamlit").mkdir()
        told = f'[smtp]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nfrom = "so-tttt@hatinh.example.vn"\n'
        (tmp_path / ".streamlit" / "secrets.toml").write_text(told)
        assert not typed("send", issued)[1]
    assert inbox.messages[0][1]["From"] == "so-tttt@hatinh.example.vn"


def test_what_tells_of_cases_goes_to_who_may_have_it(typed, tmp_path, monkeypatch):
    number = issue(typed, tmp_path, cases="--cases")
    enlist(typed, OFFICE)
    with serving(monkeypatch) as inbox:
        printed, error = typed("send", number)
        assert "nobody is to get it" in printed and error and not inbox.messages and not log(number)
        enlist(typed, OTHER, more=["--cases"])
        assert not typed("send", number)[1]
    assert [to for to, _ in inbox.messages] == [[OTHER]]


def test_an_account_sends_what_it_sees_and_nobody_what_was_superseded(typed, tmp_path, monkeypatch):
    old = issue(typed, tmp_path)
    number = issue(typed, tmp_path)
    enlist(typed, OFFICE)
    with serving(monkeypatch) as inbox:
        assert f"there is no report {number}" in str(typed("send", number, "--as", "ky-anh")[1])
        assert "was superseded by a later one" in str(typed("send", number, old)[1])
        assert not inbox.messages and not log(number)
        assert not typed("send", number, "--as", "duc-tho")[1] and len(inbox.messages) == 1
    assert issue(typed, tmp_path, cases="--cases") and "there is no report" in str(typed("send", int(number) + 1, "--as", "duc-tho")[1])


def test_all_districts_are_issued_and_sent_by_one_command(typed, monkeypatch, tmp_path):
    enlist(typed, OFFICE)
    enlist(typed, OTHER, unit="449")
    with serving(monkeypatch) as inbox:
        printed, error = typed("issue", "--unit", "42", *ON, "--all-districts", "--no-cases", "--out", tmp_path, "--send")
    assert not error and printed.count(": sent") == 2
    assert sorted(message["Subject"].split(",")[0] for _, message in inbox.messages) == [
        "Báo cáo mã QR địa điểm: Huyện Đức Thọ", "Báo cáo mã QR địa điểm: Thị xã Kỳ Anh",
    ]  # fmt: skip
    names = {part.get_filename() for _, message in inbox.messages for part in message.iter_attachments()}
    assert {"Báo cáo Thị xã Kỳ Anh 26-11-2021 – 08-12-2021.docx", "Phụ lục Thị xã Kỳ Anh 26-11-2021 – 08-12-2021.xlsx"} < names


def test_a_folder_gets_the_files_and_a_log(typed, issued, tmp_path):
    enlist(typed, OFFICE)
    folder = tmp_path / "gửi đi"
    printed, error = typed("send", issued, "--folder", folder)
    assert not error and printed == f"report {issued}: {folder}: sent\n"
    own = folder / f"bao-cao-{issued}"
    assert {path.read_bytes() for path in own.iterdir()} == {path.read_bytes() for path in (tmp_path / "issued").iterdir()}
    assert (own / "Báo cáo Huyện Đức Thọ 26-11-2021 – 08-12-2021.docx").exists()
    with (folder / LOG).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["Đơn vị"], row["Nơi nhận"], row["Từ ngày"]) for row in rows] == [("Huyện Đức Thọ", OFFICE.lower(), "26/11/2021")] * 2
    assert all((folder / row["Tệp"]).exists() and len(row["SHA-256"]) == 64 for row in rows)
    assert "--again" in typed("send", issued, "--folder", folder)[0]
    typed("send", issued, "--folder", folder, "--again")
    assert len((folder / LOG).read_text(encoding="utf-8-sig").splitlines()) == 5
    (tmp_path / "file").write_text("")
    printed, error = typed("send", issued, "--folder", tmp_path / "file")
    assert error and "failed" in printed and log(issued)[-1][:3] == ("folder", str(tmp_path / "file"), "failed")


def test_the_log_is_seen_with_the_report_and_never_changed(typed, issued, tmp_path):
    secret = issue(typed, tmp_path, cases="--cases")
    for number in (issued, secret):
        typed("send", number, "--folder", tmp_path / number)

    def seen(*words):
        return {row["report"] for row in csv.DictReader(typed("sendings", "--unit", *words, "--format", "csv")[0].splitlines())}

    assert {issued, secret} <= seen("440") and {issued, secret} <= seen("42", "--as", "leader")
    assert issued in seen("440", "--as", "duc-tho") and secret not in seen("440", "--as", "duc-tho")
    assert not seen("440", "--as", "ky-anh")
    assert "Huyện Đức Thọ" in typed("sendings", "--unit", "440")[0]
    rows = sa.text("SELECT count(*) FROM report_sending WHERE report = :number")
    for unit, cases, number, count in (("449", True, issued, 0), ("440", False, secret, 0), ("440", True, secret, 1), ("440", False, issued, 1)):
        with db.reading(Scope("leader", ((1, unit),)), cases=cases) as connection:
            assert connection.scalar(rows, {"number": number}) == count
    for change in ("UPDATE report_sending SET outcome = 'failed'", "UPDATE report_sending SET destination = 'x'", "DELETE FROM report_sending",
                   "TRUNCATE report_sending"):  # fmt: skip
        with db.engine().begin() as connection, pytest.raises(sa.exc.ProgrammingError, match="kept as it is"):
            connection.execute(sa.text(change))
    with db.reading(Scope("admin", operator_scope().units)) as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        connection.execute(sa.text("SELECT * FROM report_recipient"))


def test_a_name_of_a_file_adds_no_header_and_no_path(issued):
    with db.reading(operator_scope()) as connection:
        found = read_issued(connection, int(issued))
    message = compose(replace(found, unit_name="Huyện ../Đức\r\nBcc: x@y.vn"), OTHER, "a@b.vn", Text("vi"))
    assert message["Bcc"] is None and "\n" not in message["Subject"]
    names = [part.get_filename() for part in message_from_bytes(bytes(message), policy=policy.default).iter_attachments()]
    assert not any(letter in name for name in names for letter in "/\\\n:")


def test_the_schedule_of_the_docs_is_one_that_systemd_and_the_shell_take(tmp_path):
    text = (ROOT / "docs" / "sending.md").read_text(encoding="utf-8")
    units = dict(re.findall(r"```ini\n# (\S+)\n(.*?)```", text, re.DOTALL))
    assert units.keys() == {"phuqr-thursday.service", "phuqr-thursday.timer"}
    (command,) = re.findall(r"ExecStart=/bin/sh -c '(.*)'", units["phuqr-thursday.service"])
    (line,) = re.findall(r"```cron\n0 8 \* \* 4  root  (.*)\n```", text)
    for typed, marks in ((command.replace("$$", "$").replace("%%", "%"), "/opt/phuqr/"), (line.replace("\\%", "%"), "")):
        said = subprocess.run(["sh", "-c", typed.replace(f"exec {marks}.venv/bin/phuqr", "echo").replace("cd /opt/phuqr && .venv/bin/phuqr", "echo")],
                              capture_output=True, text=True, check=True)  # fmt: skip
        words = said.stdout.split()
        date = words[words.index("--on") + 1]
        assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date)
        assert CliRunner().invoke(phuqr.build(), [*words, "--help"]).exit_code == 0
    if shutil.which("systemd-analyze"):
        for name, body in units.items():
            (tmp_path / name).write_text(body.replace("/opt/phuqr\n", f"{tmp_path}\n"))
        done = subprocess.run(["systemd-analyze", "verify", *(tmp_path / name for name in units)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
