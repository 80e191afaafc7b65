"""Signing in through an identity provider at the app's own routes behind the gate, with a browser that keeps cookies."""

import threading
import time
from html import escape
from urllib.parse import parse_qs, parse_qsl, quote, urljoin, urlsplit

import itsdangerous
import pytest
import requests
import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from dashboard import app
from dashboard.gate import COOKIE, Gate
from dashboard.oidc import Provider
from dashboard.sign_in import PENDING
from dashboard.words import TEXTS
from geo import db, sessions
from geo.accounts import add_account, list_accounts, operator_scope, set_disabled
from geo.audit import operator
from geo.units import list_vintages

BY_DEPARTMENT = {"scopes": "openid profile groups", "units_claim": "website"}
LABEL = "Cổng xác thực <tỉnh> & sở"
NOTICE = f'<div role="alert">{escape(TEXTS["vi"]["sign_in.provider_failed"])}</div>'
FAILED = "/sign-in?said=provider_failed"


@pytest.fixture(autouse=True)
def nothing_kept(small_province):
    """What this process keeps of a database, forgotten before and after."""
    for kept in (app._encoded_geometry, sessions.cookie_key):
        kept.cache_clear()
    yield
    for kept in (app._encoded_geometry, sessions.cookie_key):
        kept.cache_clear()


class Browser(requests.Session):
    """Keeps cookies and follows nothing by itself; a fault of the server's own fails the test."""

    def __init__(self, address, **headers):
        super().__init__()
        self.address = address
        self.headers.update(headers)

    def request(self, method, url, **options):
        known = {"timeout": 10, "allow_redirects": False}
        answer = super().request(method, urljoin(self.address, url), **options | known)
        assert answer.status_code < 500, answer.text
        return answer

    def set_out(self, **query):
        """What the provider is asked, after a click on its button."""
        away = self.get("/sign-in/provider", params=query)
        assert away.status_code == 303
        return dict(parse_qsl(urlsplit(away.headers["Location"]).query))

    def come_back(self, impostor, **query):
        """The answer to who comes back from the impostor, where the sign-in was begun just before."""
        impostor.nonce = (asked := self.set_out(**query))["nonce"]
        return self.get("/sign-in/callback", params={"code": impostor.code, "state": asked["state"]})

    def sees(self, *units):
        """The statuses of the geometry of units."""
        with db.reading(operator_scope()) as connection:
            vintage = list_vintages(connection)[-1]
        return [self.get(app.geometry_url(vintage, unit)).status_code for unit in units]


@pytest.fixture
def browse(small_province, canaille):
    """A function that gives a new browser at the app's own routes, served with the provider, or none, of its first call."""
    running = []

    def browse(provider=None, **headers):
        if not running:
            served = Starlette(
                routes=app.routes(provider), middleware=[Middleware(Gate)], exception_handlers=app.HANDLERS
            )
            server = uvicorn.Server(uvicorn.Config(served, ws="none", lifespan="off", log_config=None))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [canaille.door.dup()]})
            running.extend((server, thread))
            thread.start()
        return Browser(canaille.callback, **headers)

    yield browse
    if running:
        running[0].should_exit = True
        running[1].join()


@pytest.fixture
def open_door(browse, canaille, settings_for):
    """A function that gives a browser where canaille, whose groups give the role and whose department the unit, is the provider."""

    def open_door(**changes):
        return browse(Provider(settings_for(canaille.address, **BY_DEPARTMENT | changes)))

    return open_door


def events(of):
    """What the audit has about an account: event, who, detail."""
    query = "SELECT event, account, detail FROM audit WHERE account = :of OR detail LIKE :of || ':%' ORDER BY id"
    with db.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), {"of": of})]


def is_refused(browser, answer):
    """Whether an answer leads to the form with a notice, and nobody is signed in and nothing under way any more."""
    assert answer.status_code == 303 and answer.headers["Location"].startswith(FAILED)
    assert NOTICE in browser.get(answer.headers["Location"]).text
    return not {COOKIE, PENDING} & set(browser.cookies.keys()) and browser.get("/").headers["Location"] != "/"


def cookies_set(answer):
    """name -> the attributes of the cookies that an answer sets, in lower case."""
    found = [line.split("; ") for line in answer.raw.headers.getlist("Set-Cookie")]
    return {first.partition("=")[0]: {part.lower() for part in rest} for first, *rest in found}


def test_an_office_clicks_signs_in_and_sees_its_own_unit(open_door, canaille):
    canaille.enrol("Huyen.DucTho", "phuqr huyện", department="440")
    browser = open_door(label=LABEL)
    there = "/?unit=440&from=2021-11-26"
    turned_away = browser.get(there)
    assert turned_away.headers["Location"] == f"/sign-in?next={quote(there)}"
    page = browser.get(turned_away.headers["Location"]).text
    button = f'<a class="button" href="/sign-in/provider?next={quote(there, safe="")}">{escape(LABEL)}</a>'
    assert button in page
    away = browser.get(f"/sign-in/provider?next={quote(there, safe='')}")
    assert away.headers["Location"].startswith(canaille.address)
    back = browser.get(canaille.walk_through(away.headers["Location"], "Huyen.DucTho"))
    assert (back.status_code, back.headers["Location"]) == (303, there)
    assert cookies_set(back)[COOKIE] == {"httponly", "path=/", "samesite=lax"}
    assert browser.sees("440", "18235", "449", "42", "46") == [200, 200, 404, 404, 404]
    (account,) = [account for account in list_accounts(operator()) if account.name == "huyen.ductho"]
    assert (account.role, [unit[1:] for unit in account.units]) == ("district", [("440", "Huyện Đức Thọ")])
    assert account.by_provider and not account.disabled
    assert events("huyen.ductho") == [
        ("account_added", "provider:sign-in", "huyen.ductho: district, Huyện Đức Thọ (440)"),
        ("sign_in", "huyen.ductho", None),
    ]


def test_a_sign_in_with_other_claims_changes_role_and_units_at_once(open_door, canaille):
    canaille.enrol("ttyt", "phuqr huyện", department="440")
    first, second = open_door(), open_door()
    for browser in (first, second):
        away = browser.get("/sign-in/provider")
        assert browser.get(canaille.walk_through(away.headers["Location"], "ttyt")).headers["Location"] == "/"
        if browser is first:
            assert browser.sees("440", "449") == [200, 404]
            canaille.enrol("ttyt", "phuqr CDC", department="449")
            time.sleep(1)
        assert first.sees("440", "449") == ([200, 404] if browser is first else [404, 200])
    assert second.sees("440", "449") == [404, 200]
    assert events("ttyt")[2:] == [
        ("account_scope", "provider:sign-in", "ttyt: health, Thị xã Kỳ Anh (449)"),
        ("sign_in", "ttyt", None),
    ]


def test_a_code_is_taken_once(open_door, canaille):
    canaille.enrol("skhcn", "phuqr huyện", department="440")
    browser, thief = open_door(), open_door()
    away = browser.get("/sign-in/provider").headers["Location"]
    thief.cookies.update(browser.cookies)
    back = canaille.walk_through(away, "skhcn")
    assert is_refused(open_door(), open_door().get(back)), "another browser, without the cookie"
    answer = browser.get(back)
    assert answer.headers["Location"] == "/" and "max-age=0" in cookies_set(answer)[PENDING]
    assert PENDING not in browser.cookies
    assert is_refused(thief, thief.get(back)), "the same cookie and the same code"
    assert browser.sees("440") == [200]


def test_who_does_not_consent_and_who_has_no_role_are_not_signed_in(open_door, canaille):
    canaille.enrol("snv", "phuqr huyện", department="440")
    canaille.enrol("So.TNMT", department="42")
    for name, consent in (("snv", "deny"), ("So.TNMT", "accept")):
        browser = open_door()
        away = browser.get("/sign-in/provider").headers["Location"]
        assert is_refused(browser, browser.get(canaille.walk_through(away, name, consent)))
    assert events("snv") == events("so.tnmt") == []


def test_a_disabled_account_is_refused(browse, impostor):
    impostor.claims = {"preferred_username": "disabled"}
    browser = browse(impostor.provider())
    assert browser.come_back(impostor).headers["Location"] == "/"
    set_disabled(operator(), "disabled")
    assert browser.sees("440") == [401]
    browser.cookies.clear()
    assert is_refused(browser, browser.come_back(impostor))
    assert events("disabled")[-1] == ("sign_in_failed", "disabled", "the account disabled is disabled")
    set_disabled(operator(), "disabled", False)
    assert browser.come_back(impostor).headers["Location"] == "/"


def test_a_name_that_another_account_has_is_refused(browse, impostor):
    add_account(operator(), "ductho", "leader", ["42"], "correct horse battery staple")
    browser = browse(impostor.provider())
    assert is_refused(browser, browser.come_back(impostor))
    taken = "there is an account ductho already; choose another name"
    assert events("ductho")[-1] == ("sign_in_failed", "ductho", taken)
    impostor.claims = {"preferred_username": "kyanh"}
    assert browser.come_back(impostor).headers["Location"] == "/"
    browser.cookies.clear()
    impostor.claims = {"preferred_username": "kyanh", "sub": "another"}
    assert is_refused(browser, browser.come_back(impostor)), "the name of another at the same provider"


def test_a_unit_that_does_not_exist_is_refused(browse, impostor):
    impostor.claims = {"preferred_username": "lost", "units": ["440", "999"]}
    browser = browse(impostor.provider())
    assert is_refused(browser, browser.come_back(impostor))
    assert not [account for account in list_accounts(operator()) if account.name == "lost"]


def test_the_cookie_of_a_sign_in_under_way_is_for_ten_minutes_and_for_no_script(browse, impostor):
    for proto, attributes in (("http", set()), ("https", {"secure"})):
        browser = browse(impostor.provider(), **{"X-Forwarded-Proto": proto})
        away = browser.get("/sign-in/provider")
        kept = {"httponly", "max-age=600", "path=/sign-in", "samesite=lax"}
        assert cookies_set(away) == {PENDING: kept | attributes}
        (callback,) = parse_qs(urlsplit(away.headers["Location"]).query)["redirect_uri"]
        assert callback.startswith(f"{proto}://127.0.0.1:") and callback.endswith("/sign-in/callback")


def test_who_takes_longer_begins_again(browse, impostor, monkeypatch):
    impostor.claims = {"preferred_username": "slow"}
    browser, now = browse(impostor.provider()), int(time.time())
    for late in (590, 610):
        with monkeypatch.context() as patch:
            patch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda _, late=late: now - late)
            asked = browser.set_out()
        impostor.nonce = asked["nonce"]
        answer = browser.get("/sign-in/callback", params={"code": impostor.code, "state": asked["state"]})
        assert answer.headers["Location"].startswith(FAILED) == (late > 600)


def test_a_cookie_that_is_missing_or_forged_signs_nobody_in(browse, impostor):
    impostor.claims = {"preferred_username": "forged"}
    browser = browse(impostor.provider())
    browser.come_back(impostor)
    session = browser.cookies[COOKIE]
    asked = browser.set_out()
    good = browser.cookies[PENDING]
    impostor.nonce, before = asked["nonce"], impostor.asked.count("/token")
    for value in (None, "", "a", "a.b.c", "...", '"\\303\\251"', good[:-1], good + "a", "." + good, session):
        other = browse()
        other.headers["Cookie"] = f"{PENDING}={value}" if value is not None else ""
        assert is_refused(other, other.get("/sign-in/callback", params={"code": "c", "state": asked["state"]})), value
    assert impostor.asked.count("/token") == before
    other = browse()
    other.headers["Cookie"] = f"{COOKIE}={good}"
    assert other.sees("440") == [401], "nor is it a session's cookie"


@pytest.mark.parametrize(
    "query", ["", "state=", "code=c", "error=access_denied", "code=c&state=%FF%00", "state={state}&state=x&code=c",
              "state={state}", "state={state}&error=%0aforged+line", "state={state}&code=c&iss=another"],
)  # fmt: skip
def test_an_answer_that_was_not_asked_for_signs_nobody_in(browse, impostor, query):
    browser = browse(impostor.provider())
    state = browser.set_out()["state"]
    assert is_refused(browser, browser.get("/sign-in/callback?" + query.format(state=state)))
    assert "/token" not in impostor.asked


def test_where_to_go_afterwards_is_kept_and_never_leads_elsewhere(browse, impostor):
    impostor.claims = {"preferred_username": "next"}
    browser = browse(impostor.provider())
    for kept in ("/", "/?unit=440&lang=en", "/accounts?x=//other.test", "/?x=%2F%2Fother.test#part"):
        assert browser.come_back(impostor, next=kept).headers["Location"] == kept
    for elsewhere in (
        "//other.test", "https://other.test/", "/\\other.test", "\\\\other.test", "/\t/other.test", " //other.test",
        "/\r\nSet-Cookie: a=b", "other.test", "javascript:alert(1)", "/\x00", "",
    ):  # fmt: skip
        assert browser.come_back(impostor, next=elsewhere).headers["Location"] == "/", elsewhere


def test_a_provider_that_is_down_is_a_notice(browse, settings_for):
    browser = browse(Provider(settings_for("http://127.0.0.1:9")))
    assert is_refused(browser, browser.get("/sign-in/provider"))


def test_without_a_provider_there_is_no_such_way_in(browse):
    browser = browse()
    assert browser.get("/sign-in/provider").status_code == browser.get("/sign-in/callback").status_code == 404
    page = browser.get("/sign-in")
    assert page.status_code == 200 and "/sign-in/provider" not in page.text and 'class="button"' not in page.text
