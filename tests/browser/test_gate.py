"""The gate as a stranger meets it, over HTTP and websocket: what it refuses, puts in the log, and outlives."""

import http.client
import re
import secrets
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from html import unescape
from urllib.parse import quote, urlencode, urlsplit

import pytest
from itsdangerous import URLSafeSerializer
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from dashboard.navigation import PAGES
from dashboard.text import Text
from geo import db
from geo.accounts import add_account, set_disabled
from geo.audit import operator

VI = Text("vi")
TABLE, MAP = "/export/coverage.xlsx?unit=440", "/export/map.png?unit=440"
OWN, OTHERS = "Xã Quang Vĩnh".encode(), "Xã Kỳ Lợi".encode()  # of Đức Thọ, and not of it
INJECTIONS = ["' OR '1'='1", "440'; DROP TABLE session; --", "440) UNION SELECT password_hash FROM account --", "%(x)s"]
# Streamlit's own routes that serve what knows no scope, tell of the server, or sign in by themselves
NOWHERE = [
    "/media/x", "/_stcore/upload_file/a/b", "/_stcore/metrics", "/_stcore/agent/mcp", "/auth/login", "/oauth2callback",
    "/_stcore/script-health-check", "/accounts/", "/none",
]  # fmt: skip
TRICKS = [
    "/geo/../audit", "/geo/..%2faudit", "/geo/%2e%2e/audit", "/geo/%2E./audit", "//audit", "/lib/phuqr//phuqr.css",
    "/lib/phuqr/../../app.py", "/lib/phuqr/..%5c..%5capp.py", "/lib/phuqr/..\\..\\app.py", "/lib/phuqr/%252e%252e/app.py",
    "/static/%2e%2e/%2e%2e/secrets.toml", "/health/..", "/sign-in/../audit", "/./audit", "/geo/1/1/440%00.topojson",
    "http://127.0.0.1/audit",
]  # fmt: skip


def change(statement, *values):
    """Run a statement as the database's owner; its rows."""
    with db.engine().begin() as connection:
        found = connection.exec_driver_sql(statement, values)
        return found.all() if found.returns_rows else None


@pytest.fixture(autouse=True)
def calm(server, sample, use_database):
    """No test waits for the failed sign-ins of another, and each leaves a server that answers."""
    use_database(sample)
    yield
    change("DELETE FROM sign_in_turn")
    assert ask(server, "/health")[0] == 200


@pytest.fixture
def said(server_log):
    """A function that gives what the server has said since the test began."""
    before = server_log.stat().st_size
    return lambda: server_log.read_bytes()[before:].decode()


@pytest.fixture
def make_account(sample):
    """A function that issues one more account of a district, gone after the test; it returns name and password."""
    made = []

    def make(unit="440"):
        name = f"guest-{secrets.token_hex(4)}"
        made.append(name)
        return name, add_account(operator(), name, "district", [unit])

    yield make
    for name in made:
        change("DELETE FROM account WHERE name = %s", name)


@pytest.fixture
def cookie(server, passwords):
    """The cookie of a new session of the district's account."""
    return cookie_of(server, "district", passwords["district"])


def ask(server, path, method="GET", body=None, headers=None):
    """Status, headers and text of an answer; the path is sent as it stands."""
    with closing(http.client.HTTPConnection(urlsplit(server).netloc, timeout=30)) as connection:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")


def send(server, data):
    """The status that bytes are answered with; None where the server closes or says nothing for a while."""
    place = urlsplit(server)
    with socket.create_connection((place.hostname, place.port), timeout=2) as connection:
        try:
            connection.sendall(data)
            return int(connection.recv(4096).split()[1])
        except (OSError, IndexError):
            return None


def sign_in(server, name, password, headers=None, **fields):
    form = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
    return ask(server, "/sign-in", "POST", urlencode({"name": name, "password": password} | fields), form)


def cookie_of(server, name, password):
    status, headers, _ = sign_in(server, name, password)
    assert status == 303
    return headers["Set-Cookie"].split(";")[0]


def token_of(cookie):
    return URLSafeSerializer("").loads_unsafe(cookie.partition("=")[2])[1]


def key_of(name):
    """The key of an account's newest session, as the header between gate and pages has it."""
    query = (
        "SELECT encode(s.key, 'hex') FROM session s JOIN account a ON a.id = s.account WHERE a.name = %s "
        "ORDER BY s.started_at DESC LIMIT 1"
    )
    return change(query, name)[0][0]


def stream(server, cookie=None, path="/_stcore/stream", session="", **options):
    """The websocket of a page, as the browser opens it."""
    headers = options.pop("headers", {}) | ({"Cookie": cookie} if cookie else {})
    protocols = ["streamlit", "none", session] if session else ["streamlit"]
    address = f"ws{server.removeprefix('http')}{path}"
    fixed = {"max_size": None, "proxy": None, "close_timeout": 1}
    return connect(address, additional_headers=headers, subprotocols=protocols, **fixed, **options)


def run_page(websocket, query="", page="lagging", until="script_finished"):
    """All that the server sends for one run of a page, as bytes; without another page, of that whose first run names all communes."""
    message = BackMsg()
    message.rerun_script.query_string, message.rerun_script.page_name = query, page
    websocket.send(message.SerializeToString())
    found = b""
    while True:
        frame = websocket.recv(timeout=15)
        found += frame
        if ForwardMsg.FromString(frame).WhichOneof("type") == until:
            return found


def is_shut(server, cookie=None, headers=None):
    """Whether a page leads to the sign-in page, and a route and the stream are closed."""
    with_cookie = (headers or {}) | ({"Cookie": cookie} if cookie else {})
    status, found, _ = ask(server, "/?unit=440", headers=with_cookie)
    page = status == 303 and found["Location"].startswith("/sign-in?next=")
    try:
        with stream(server, cookie, headers=headers or {}):
            return False
    except InvalidStatus as refused:
        return page and refused.response.status_code == 403 and ask(server, TABLE, headers=with_cookie)[0] == 401


def test_the_sign_in_page_speaks_vietnamese_and_needs_no_script(server, passwords, new_page):
    page = new_page(None, java_script_enabled=False)
    assert page.goto("/accounts?lang=vi").status == 200
    assert urlsplit(page.url).path == "/sign-in" and "<script" not in page.content()
    assert page.locator("html").get_attribute("lang") == "vi"
    expect(page.get_by_role("heading", name=VI("title"))).to_be_visible()
    page.get_by_label(VI("sign_in.name")).fill("admin")
    page.get_by_label(VI("sign_in.password")).fill(passwords["admin"])
    page.get_by_role("button", name=VI("sign_in")).click()
    assert page.url == f"{server}/accounts?lang=vi"


@pytest.mark.parametrize("path", PAGES)
def test_sign_in_leads_back_to_the_page_asked_for(server, passwords, path):
    asked = f"/{path}?unit=440&from=2021-11-26&group=%C3%A0%20b&lang=en"
    status, headers, _ = ask(server, asked)
    assert (status, headers["Cache-Control"]) == (303, "no-store")
    form = ask(server, headers["Location"])[2]
    target = unescape(re.search('name="next" value="([^"]*)"', form)[1])
    status, headers, _ = sign_in(server, "district", passwords["district"], next=target)
    assert (status, headers["Location"]) == (303, asked)
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in headers["Set-Cookie"].split(";")}


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "///evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example", " //evil.example",
     "\\\\evil.example", "https://evil.example", "https:evil.example", "javascript:alert(1)", "evil.example"],
)  # fmt: skip
def test_sign_in_leads_to_no_other_place(server, passwords, target):
    assert 'name="next" value="/"' in ask(server, f"/sign-in?next={quote(target)}")[2]
    assert sign_in(server, "district", passwords["district"], next=target)[1]["Location"] == "/"


@pytest.mark.parametrize("target", ["//[", "http://[/", "//℀.example", "/?lang=%ff&lang=%00", "/%09/evil.example"])
def test_a_next_of_nonsense_gives_the_form(server, passwords, target):
    assert ask(server, f"/sign-in?next={quote(target)}")[0] == 200
    place = urlsplit(sign_in(server, "district", passwords["district"], next=target)[1]["Location"])
    assert (place.scheme, place.netloc) == ("", "")


def test_unknown_disabled_and_wrong_are_answered_alike_and_as_slowly(server, passwords, make_account):
    closed, password = make_account()
    set_disabled(operator(), closed)
    tries = {"wrong": ("district", "wrong-password"), "disabled": (closed, password), "unknown": ("nobody", password)}
    answers, least = {}, dict.fromkeys(tries, 60)
    for _ in range(12):  # the least of several is the work itself, whatever else the machine does meanwhile
        for case, (name, typed) in tries.items():
            change("DELETE FROM sign_in_turn")
            begun = time.monotonic()
            status, headers, form = sign_in(server, name, typed)
            least[case] = min(least[case], time.monotonic() - begun)
            answers[case] = status, headers.keys(), form.replace(name, "")
        if alike := max(least.values()) < 1.5 * min(least.values()):
            break
    assert answers["wrong"][0] == 401 and VI("sign_in.wrong") in answers["wrong"][2]
    assert answers["wrong"] == answers["disabled"] == answers["unknown"]
    assert alike, least


@pytest.mark.parametrize("name", ["district", "nobody"])
def test_an_account_has_to_wait_after_failures_whether_it_exists_or_not(server, passwords, name):
    password = passwords.get(name, "")
    assert [sign_in(server, name, "wrong-password")[0] for _ in range(7)] == [401] * 5 + [429] * 2
    status, headers, form = sign_in(server, name.upper(), password)
    assert status == 429 and int(headers["Retry-After"]) in (1, 2) and VI("sign_in.wait", seconds=2)[:20] in form
    assert sign_in(server, "leader", passwords["leader"])[0] == 303
    change("UPDATE sign_in_turn SET failures = 30 WHERE key = %s", f"account:{name}")
    assert int(sign_in(server, name, password)[1]["Retry-After"]) in range(295, 301)
    change("UPDATE sign_in_turn SET last_at = last_at - interval '5 minutes'")
    assert sign_in(server, name, password)[0] == (303 if name in passwords else 401)


def test_an_address_has_to_wait_after_failures_of_many_accounts(server, passwords):
    sign_in(server, "nobody", "wrong-password")
    change("UPDATE sign_in_turn SET failures = 21 WHERE key LIKE 'address:%%'")
    assert sign_in(server, "leader", passwords["leader"])[0] == 429
    assert sign_in(server, "nobody", "wrong-password", {"X-Forwarded-For": secrets.token_hex(5000)})[0] == 401


def test_fifty_wrong_passwords_at_once_leave_the_server_answering(server):
    with ThreadPoolExecutor(50) as pool:
        tries = [pool.submit(sign_in, server, f"nobody-{place % 40}", "wrong") for place in range(50)]
        slowest = 0
        while not all(each.done() for each in tries):
            begun = time.monotonic()
            assert ask(server, "/health")[0] == 200
            slowest = max(slowest, time.monotonic() - begun)
    statuses = [each.result()[0] for each in tries]
    assert set(statuses) == {401, 429} and 10 <= statuses.count(401) <= 21
    assert 0 < slowest < 5


@pytest.mark.parametrize("path", TRICKS)
def test_paths_with_tricks_are_refused_whoever_asks(server, cookie, said, path):
    for headers in ({}, {"Cookie": cookie}):
        assert ask(server, path, headers=headers)[0] == 400
    assert said().count("refused (400): GET") == 2


@pytest.mark.parametrize("path", NOWHERE)
def test_what_no_rule_names_is_not_found(server, cookie, said, path):
    for headers in ({}, {"Cookie": cookie}):
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            assert ask(server, path, method, headers=headers)[0] == 404
    assert said().count(f"refused (404): POST '{path}' from 127.0.0.1") == 2


@pytest.mark.parametrize("path", ["/", "/sign-in", "/health", TABLE, MAP, "/_stcore/stream"])
def test_methods_that_nothing_needs_are_refused(server, cookie, said, path):
    methods = ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND"] + ["POST"] * (path != "/sign-in")
    for method in methods:
        assert ask(server, path, method, headers={"Cookie": cookie})[0] == (404 if "_stcore" in path else 405), method
    assert said().count("refused (40") == len(methods)


@pytest.mark.parametrize("path", ["/sign-in", "/password"])
def test_bodies_that_are_no_form_are_refused(server, cookie, said, path):
    start = f"POST {path} HTTP/1.1\r\nHost: phuqr\r\nCookie: {cookie}\r\n".encode()
    chunked = b"Transfer-Encoding: chunked\r\n\r\n" + b"ffff\r\n" + b"a" * 65_535 + b"\r\n0\r\n\r\n"
    assert send(server, start + b"\r\n") == 411
    assert send(server, start + chunked) == 411
    assert send(server, start + b"Content-Length: 1000000\r\n\r\n" + b"a" * 1_000_000) == 413
    assert send(server, start + b"Content-Length: 99999999999999999999\r\n\r\n") == 413
    assert said().count("refused (41") == 4
    assert send(server, start + b"Content-Length: 3\r\n" + chunked) in (400, 411)
    assert send(server, start + b"Content-Length: -1\r\n\r\n") == 400
    assert send(server, start + b"Content-Length: \xb2\r\n\r\n") == 400
    assert send(server, start + b"Content-Length: 9\r\n\r\nname=") is None
    assert send(server, start + b"Content-Length: 11\r\n\r\n\xff\xfe=\x00&name=%00") in (400, 401)


@pytest.mark.parametrize("data", [b"Cookie: phuqr=" + b"a" * 1_000_000, b"X: \x00", b"no header", b"Host: other"])
def test_headers_that_are_none_are_refused(server, said, data):
    assert send(server, b"GET /health HTTP/1.1\r\nHost: phuqr\r\n" + data + b"\r\n\r\n") in (400, 431)
    assert "Invalid HTTP request" in said()


def test_forms_of_another_origin_are_refused(server, cookie, passwords, said):
    for origin in ("http://evil.example", "null", server.replace("127.0.0.1", "localhost"), f"{server}0"):
        assert sign_in(server, "leader", passwords["leader"], {"Origin": origin})[0] == 403
        assert ask(server, "/sign-out", "POST", "", {"Cookie": cookie, "Origin": origin})[0] == 403
        with pytest.raises(InvalidStatus, match="403"), stream(server, cookie, origin=origin):
            pass
    assert said().count("refused (403)") >= 8
    assert ask(server, TABLE, headers={"Cookie": cookie})[0] == 200
    assert sign_in(server, "leader", passwords["leader"], {"Origin": server})[0] == 303


def test_cookies_that_were_not_given_open_nothing(server, cookie, said):
    secret = change("SELECT value FROM gate_secret WHERE name = 'cookie'")[0][0]
    value = cookie.partition("=")[2]
    forged = [
        URLSafeSerializer("another", salt="session").dumps(token_of(cookie)), URLSafeSerializer(secret).dumps(token_of(cookie)),
        f"x{value}", f"{value}x", value.partition(".")[0], token_of(cookie), key_of("district"), ".", "\xff\xfe.\xe9", *INJECTIONS,
    ]  # fmt: skip
    for each in forged:
        assert is_shut(server, f"phuqr={each}".encode().decode("latin-1")), each
    assert said().count("a cookie that this server did not sign") == 3 * len(forged)
    for each in ("", "a" * 3000, secrets.token_urlsafe(32)):
        assert is_shut(server, f"phuqr={URLSafeSerializer(secret, salt='session').dumps(each)}"), each
    assert is_shut(server) and not is_shut(server, f"other=1; {cookie}")


ENDED = {
    "idle": "UPDATE session SET seen_at = now() - interval '61 minutes' WHERE key = %s",
    "too long": "UPDATE session SET started_at = now() - interval '721 minutes' WHERE key = %s",
    "ended": "UPDATE session SET ended_at = now() WHERE key = %s",
    "disabled": "UPDATE account SET disabled_at = now() FROM session WHERE account.id = session.account AND key = %s",
    "gone": "DELETE FROM account USING session WHERE account.id = session.account AND key = %s",
}


@pytest.mark.parametrize("end", ENDED)
def test_a_session_that_ended_opens_nothing_and_ends_its_open_pages(server, make_account, said, end):
    name, password = make_account()
    cookie = cookie_of(server, name, password)
    change("UPDATE session SET seen_at = now() - interval '59 minutes'")
    with stream(server, cookie) as page:
        assert OWN in run_page(page)
        change(ENDED[end], bytes.fromhex(key_of(name)))
        last = run_page(page, "unit=440&commune=18235")
        assert OWN not in last and b"18235" not in last and b"/sign-in?said=ended" in last
    assert is_shut(server, cookie)
    assert "refused (401): websocket '/_stcore/stream'" in said()


def test_signing_out_ends_the_session_wherever_its_cookie_is(server, cookie):
    with stream(server, cookie) as page:
        assert OWN in run_page(page)
        status, headers, _ = ask(server, "/sign-out", "POST", "", {"Cookie": cookie})
        assert status == 303 and headers["Location"].startswith("/sign-in?said=out")
        assert OWN not in run_page(page)
    assert is_shut(server, cookie)


def test_headers_that_claim_to_be_somebody_open_nothing(server, cookie, passwords):
    cookie_of(server, "leader", passwords["leader"])
    claims = {"X-Phuqr-Session": key_of("leader"), "X-Phuqr-Reader": "leader"}
    claims |= dict.fromkeys(["X-Auth-User", "X-Auth-Request-Email", "X-User", "X-WebAuth-User"], "leader")
    claims |= dict.fromkeys(["Remote-User", "X-Remote-User", "X-Forwarded-User", "X-Streamlit-User"], "leader")
    claims["Authorization"] = "Bearer leader"
    assert is_shut(server, headers=claims) and is_shut(server, "phuqr=x.y", headers=claims)
    assert ask(server, TABLE.replace("440", "449"), headers=claims | {"Cookie": cookie})[0] == 404
    for each in (claims, {"x-phuqr-session": key_of("leader")}, {"X_Phuqr_Session": key_of("leader")}):
        with stream(server, cookie, headers=each) as page:
            found = run_page(page)
            assert OWN in found and OTHERS not in found and b"<b>district</b>" in found


@pytest.mark.parametrize("path", ["accounts", "audit"])
def test_a_page_of_another_role_shows_no_row(server, cookie, passwords, path):
    title = VI(PAGES[path].title).encode()
    with stream(server, cookie_of(server, "admin", passwords["admin"])) as page:
        found = run_page(page, page=path)
        assert title in found and b"leader" in found
    with stream(server, cookie) as page:
        found = run_page(page, page=path)
        assert title not in found and b"leader" not in found and VI("title").encode() in found, "the map opens in its place"


@pytest.mark.parametrize("text", [*INJECTIONS, "\0", "440\0", "9" * 5000, "\u202e440"])
def test_injections_are_values_that_fit_nothing(server, cookie, text):
    before = change("SELECT count(*) FROM session")
    assert sign_in(server, text, text)[0] == 401
    assert sign_in(server, "district", text)[0] == 401
    for name in ("unit", "from", "group", "commune", "indicator", "lang"):
        for file in ("coverage.xlsx", "map.html", "communes.gpkg"):
            status = ask(server, f"/export/{file}?{urlencode({name: text})}", headers={"Cookie": cookie})[0]
            assert status == 404, (file, name)
    for path in (f"/geo/{text}/1/440", f"/geo/1/{text}/440", f"/geo/1/1/{text}"):
        status, _, found = ask(server, f"{quote(path)}.topojson", headers={"Cookie": cookie})
        assert status < 500 and "Topology" not in found, path
    with stream(server, cookie) as page:
        query = urlencode(dict.fromkeys(["unit", "from", "group", "commune", "indicator", "lang"], text))
        found = run_page(page, query)
        assert VI("error.choice").encode() in found and OWN in found and OTHERS not in found
    assert change("SELECT count(*) FROM session") == before


@pytest.mark.parametrize(
    "path", ["/_stcore/stream/", "//_stcore/stream", "/x/../_stcore/stream", "/_stcore%2fstream", "/health"]
)
def test_there_is_one_stream_and_it_needs_a_cookie(server, cookie, said, path):
    for each, where in ((cookie, path), (None, path), (None, "/_stcore/stream")):
        with pytest.raises(InvalidStatus, match="403"), stream(server, each, where):
            pass
    assert said().count("websocket '") == 3


def test_a_message_too_long_ends_its_stream_only(server, cookie, said):
    with stream(server, cookie) as other, stream(server, cookie) as page:
        run_page(other)
        with pytest.raises(ConnectionClosed):
            page.send(bytes(30_000_000))
            page.recv(timeout=15)
        assert OWN in run_page(other)
    assert "exceeds the limit" in said()


def begin(page):
    """Start a run; the name by which Streamlit knows the page."""
    return ForwardMsg.FromString(run_page(page, until="new_session")).new_session.initialize.session_id


@pytest.mark.parametrize("after", ["navigation", "delta", "script_finished"])
def test_nobody_takes_up_the_page_of_another(server, cookie, make_account, after):
    name, password = make_account("449")
    other = cookie_of(server, name, password)
    for under_way in (True, False):
        with stream(server, cookie) as page:
            taken = begin(page)
            while ForwardMsg.FromString(page.recv(timeout=15)).WhichOneof("type") != after:
                pass
            if not under_way:
                page.close()
            with stream(server, other, session=taken) as theirs:
                found = run_page(theirs)
                assert OTHERS in found and OWN not in found and taken.encode() not in found


def test_a_page_that_lost_its_connection_goes_on(server, cookie):
    with stream(server, cookie) as page:
        lost = begin(page)
    with stream(server, cookie, session=lost) as page:
        assert begin(page) == lost
