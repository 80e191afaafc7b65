"""The command as it is typed: results on stdout, one line and exit 1 for what a user can mend, usage as the README has it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from docx import Document

ROOT = Path(__file__).resolve().parents[1]
WINDOW = ["--from", "2021-11-26", "--to", "2021-12-08"]


def phuqr(*words, url):
    environment = os.environ | {"DATABASE_URL": url, "COLUMNS": "200"}
    command = [sys.executable, "-m", "phuqr", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)


def test_from_nothing_to_figures(make_database, small_files):
    url = make_database()
    assert phuqr("db", "migrate", url=url).returncode == 0
    boundaries = phuqr("load", "boundaries", small_files["boundaries"], "--vintage", "2021-11-01", url=url)
    assert "6 dòng = 6 nạp + 0 từ chối" in boundaries.stdout
    for kind, said in (("register", "4 dòng = 4 nạp"), ("venues", "11 dòng = 11 nạp"), ("scans", "7 dòng = 7 nạp")):
        done = phuqr("load", kind, small_files[kind], url=url)
        assert (done.returncode, said in done.stdout) == (0, True), done
    printed = phuqr("indicators", "--unit", "440", *WINDOW, "--format", "json", url=url)
    found = json.loads(printed.stdout)
    assert (found["unit"], found["from"], found["to"]) == ("440", "2021-11-26", "2021-12-08")
    assert found["total"]["name"] == "Huyện Đức Thọ"
    assert (found["total"]["new"], found["total"]["cohort"], found["total"]["cohort_rate"]) == (7, 2, 0.285714)
    assert [row["code"] for row in found["rows"]] == ["18229", "18235", "18280"]
    assert found["rows"][2]["activity_rate"] is None
    assert set(found["definitions"]) <= set(found["rows"][0])
    table = phuqr("indicators", "--unit", "440", *WINDOW, url=url).stdout
    assert "Xã Quang Vĩnh" in table and "creation_rate: I1 = created_obliged / obliged" in table
    lines = phuqr(
        "indicators", "--unit", "42", *WINDOW, "--by", "district", "--format", "csv", url=url
    ).stdout.splitlines()
    assert [line.split(",")[0] for line in lines] == ["code", "440", "449"]
    days = phuqr("daily", "--unit", "440", *WINDOW, "--format", "csv", url=url).stdout.splitlines()
    assert days[0].startswith("code,name,day,created,new,active,scans,people,active_mean7") and len(days) == 14
    units = json.loads(phuqr("daily", "--unit", "440", *WINDOW, "--by", "commune", "--format", "json", url=url).stdout)
    assert [row["code"] for row in units["rows"]] == ["18229", "18235", "18280"] and "regular" in units["definitions"]


def test_a_province_is_said_to_have_devices_in_force(small_province):
    said = phuqr("solution", "set", "42", "device", "--from", "2021-12-06", "--decree", "thư số 1", url=small_province)
    assert said.stdout == "Tỉnh Hà Tĩnh: device since 06/12/2021\n"
    told = json.loads(phuqr("indicators", "--unit", "42", *WINDOW, "--format", "json", url=small_province).stdout)
    assert told["solution"] == "device"
    listed = json.loads(phuqr("solution", "list", "--json", url=small_province).stdout)
    assert {"province_code": "42", "from_day": "2021-12-06", "solution": "device", "decree": "thư số 1"} in listed
    assert phuqr("solution", "set", "440", "device", "--from", "2021-12-06", "--decree", "x", url=small_province).returncode == 1
    assert phuqr("solution", "remove", "42", "--from", "2021-12-06", url=small_province).returncode == 0
    gone = phuqr("solution", "remove", "42", "--from", "2021-12-06", url=small_province)
    assert gone.returncode == 1 and "nothing is in force in 42" in gone.stderr


def test_refused_rows_are_listed_with_what_to_do(small_province, tmp_path):
    file = tmp_path / "quét.csv"
    file.write_text("Mã địa điểm,Ngày,Số lượt quét,Số người\nV1,2021-11-28,5,9\nV1,2021-11-29,5,5\n", encoding="utf-8")
    done = phuqr("load", "scans", file, url=small_province)
    assert done.returncode == 1 and "(50,0 %), quá mức 5,0 %, nên chưa nạp dòng nào" in done.stderr
    findings = tmp_path / "sửa.xlsx"
    done = phuqr("load", "scans", file, "--max-refused", "50", "--findings", findings, url=small_province)
    assert done.returncode == 0
    assert "2 dòng = 1 nạp + 1 từ chối" in done.stdout
    assert "quét.csv, dòng 2, cột Số người, giá trị '9': từ chối (people_above_scans)" in done.stdout
    again = phuqr("load", "scans", file, "--max-refused", "50", url=small_province)
    assert "chính tệp này đã nạp" in again.stdout
    mended = phuqr("load", "scans", findings, "--dry-run", url=small_province)
    assert "(people_above_scans)" in mended.stdout and "kiểm tra thử" in mended.stdout
    options = "--json", "--dry-run", "--max-refused", "50"
    found = json.loads(phuqr("load", "scans", file, *options, url=small_province).stdout)
    assert (found["rows_in"], found["rows_loaded"], found["rows_refused"]) == (2, 1, 1)
    assert found["findings"][0]["remedy"]


def test_a_file_of_which_nothing_is_loaded_fails_and_does_not_flood_the_screen(small_province, tmp_path):
    file = tmp_path / "scans.csv"
    file.write_text("venue_code,day,scans,people\n" + "NONE,2021-11-28,5,5\n" * 50, encoding="utf-8")
    done = phuqr("load", "scans", file, url=small_province)
    assert done.returncode == 1
    assert done.stderr == "phuqr: scans.csv: không có dòng nào được nạp; hãy sửa tệp rồi nạp lại\n"
    assert done.stdout.count("(unknown_venue): chưa có") == 20
    assert "… và 30 dòng nữa cũng bị từ chối (unknown_venue); xem hết bằng --findings" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["indicators", "--unit", "999", *WINDOW], "no unit 999"),
        (["indicators", "--unit", "440", "--from", "2021-12-08", "--to", "2021-11-26"], "swap the two days"),
        (["load", "venues", "nowhere.csv"], "không mở được tệp"),
        (["load", "venues", "README.md"], "không đọc được loại tệp này"),
        (["load", "boundaries", "nowhere.gpkg", "--vintage", "2021-11-01"], "không mở được tệp"),
        (["demo"], "holds real rows"),
    ],
)
def test_what_a_user_can_mend_is_one_line(small_province, words, said):
    done = phuqr(*words, url=small_province)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("phuqr: ")]) == 1


@pytest.mark.parametrize("words", [["indicators"], ["load", "venues"], ["load", "boundaries", "x.gpkg"], ["nothing"]])
def test_wrong_usage_exits_with_two(small_province, words):
    assert phuqr(*words, url=small_province).returncode == 2


def test_a_taken_port_is_said(small_province):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        done = phuqr("serve", "--port", server.getsockname()[1], url=small_province)
    assert done.returncode == 1
    assert "is taken" in done.stderr


def test_the_figures_of_the_readme_are_those_of_the_sample(make_database):
    url = make_database()
    assert phuqr("demo", url=url).returncode == 0
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    command, printed = re.search(r"\$ phuqr (indicators .*)\n((?:    .*\n)+)", text).groups()
    assert phuqr(*command.split(), url=url).stdout == printed.replace("    ", "")


def test_the_report_of_the_readme_is_that_of_the_sample(make_database, tmp_path):
    url = make_database()
    assert phuqr("demo", url=url).returncode == 0
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    command, printed = re.search(r"\$ phuqr (report weekly .*)\n((?:    .*\n)+)", text).groups()
    assert phuqr(*command.replace("--out reports", f"--out {tmp_path}").split(), url=url).stdout == printed.replace("    reports", str(tmp_path))
    (quoted,) = re.findall(r"> (Từ ngày .*\n> .*?\)\.)", text)
    told = "\n".join(line.text for line in Document(next(tmp_path.glob("*.docx"))).paragraphs).replace("\u00a0", " ")
    assert quoted.replace("\n> ", " ") in told
    command, printed = re.search(r"\$ phuqr (report issue .*)\n((?:    [^$].*\n)+)", text).groups()
    assert phuqr(*command.replace("--out reports", f"--out {tmp_path}").split(), url=url).stdout == printed.replace("    reports", str(tmp_path)).replace("    report", "report")


def test_ctrl_c_is_no_traceback(monkeypatch, capsys):
    import phuqr as command

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "build", interrupted)
    with pytest.raises(SystemExit) as left:
        command.main()
    assert (left.value.code, capsys.readouterr().err) == (130, "")


def test_a_loader_sets_the_private_database_up_without_being_asked(small_files):
    home = Path(tempfile.mkdtemp(prefix="phuqr-test-", dir="/var/tmp"))
    home.chmod(0o755)  # for the user postgres, whom the cluster belongs to where the tests run as root
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {
        "PHUQR_HOME": str(home)
    }

    def private(*words):
        command = [sys.executable, "-m", "phuqr", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)

    done = private("load", "boundaries", str(small_files["boundaries"]), "--vintage", "2021-11-01")
    assert "6 dòng = 6 nạp" in done.stdout, done
    assert "not running" in private("db", "status").stdout, "started without being asked, so stopped at the end"
    shutil.rmtree(home)


def test_every_command_of_the_readme_exists(small_province):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = {
        tuple(found.split())
        for found in re.findall(r"phuqr ((?:campaign |db |load |report |template |units |user )?[a-z]+(?:-[a-z]+)*)", text)
    }
    assert commands
    for command in commands:
        assert phuqr(*command, "--help", url=small_province).returncode == 0, command


def test_a_fault_of_the_program_is_one_line_too(monkeypatch, capsys):
    import phuqr as command

    monkeypatch.setattr(command, "build", lambda: {}["nothing"])
    with pytest.raises(SystemExit, match=r"a fault of the program \(KeyError\)") as left:
        command.main()
    report = Path(str(left.value).rsplit(" ", 1)[1])
    assert "KeyError: 'nothing'" in report.read_text()
    report.unlink()
