"""The pages that need no Streamlit and no JavaScript: sign in, sign out, change the password."""

import logging
import re
from html import escape
from urllib.parse import parse_qsl, urlencode

from anyio import CapacityLimiter, to_thread
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from dashboard.gate import COOKIE, SIGN_IN, STATIC_PAGE, address_of, signed_cookie
from dashboard.text import Text
from dashboard.words import LANGUAGES
from geo import db, sessions
from geo.accounts import SHORTEST
from geo.audit import Actor, record
from geo.errors import AccountError, ProviderError
from geo.sessions import TooManyTries

PENDING = "phuqr-provider"  # cookie of a sign-in that the identity provider has not answered yet
PENDING_S = 600
_verifying = CapacityLimiter(2)  # argon2 takes 64 MiB and a core for each
_STYLE = """
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #eef3f7; color: #14213d;
  font: 16px/1.45 "Source Sans 3", "Segoe UI", "Noto Sans", system-ui, sans-serif; }
main { box-sizing: border-box; width: min(25rem, 100vw - 2rem); padding: 1.8rem; background: #fff; border: 1px solid #d5dde6;
  border-top: 4px solid #0f5f7a; border-radius: 6px; }
h1 { margin: 0 0 .2rem; font-size: 1.5rem; color: #0f4c6b; } h2 { margin: 0 0 1.2rem; font-size: 1rem; font-weight: 500; color: #4d5b70; }
label { display: block; margin: .9rem 0 .25rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; padding: .6rem .7rem; border: 1px solid #7d8a9b; border-radius: 4px; font: inherit; }
button, .button { box-sizing: border-box; display: block; width: 100%; margin-top: 1.3rem; padding: .7rem; border: 0; border-radius: 4px;
  background: #0f5f7a; color: #fff; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; }
.button { background: #fff; color: #0f5f7a; border: 1px solid #0f5f7a; margin-top: .7rem; }
:is(input, button, a):focus-visible { outline: 3px solid #e0a100; outline-offset: 1px; }
[role] { margin: 0 0 1rem; padding: .6rem .8rem; border-left: 4px solid #4d5b70; border-radius: 4px; background: #eef3f7; }
[role=alert] { border-color: #b42318; background: #fdecea; color: #7a1a12; }
p { margin: 1.2rem 0 0; font-size: .88rem; color: #4d5b70; } p a { color: #0f5f7a; }
"""


class SignIn:
    """The way in: by password, and where `provider` (dashboard.oidc.Provider) is not None, through it as well."""

    def __init__(self, provider=None):
        self._provider = provider

    def show(self, request):
        """The form; `next` is where to go afterwards, `said` what has just happened."""
        said = request.query_params.get("said")
        target, text = _target(request.query_params.get("next")), _text(request)
        notice = text(f"sign_in.{said}") if said in ("out", "changed", "ended", "provider_failed") else None
        return self._page(text, target, notice=notice, alert=said == "provider_failed")

    async def take(self, request):
        """Try name and password: on to `next` with a cookie, or the form again."""
        return await to_thread.run_sync(self._try, request, await _read(request), limiter=_verifying)

    def _try(self, request, form):
        target, text = _target(form.get("next")), _text(request, form.get("lang"))
        name, password = form.get("name", ""), form.get("password", "")
        try:
            token = sessions.sign_in(name, password, address_of(request.scope))
        except TooManyTries as error:
            waiting = text("sign_in.wait", seconds=text.number(error.seconds))
            response = self._page(text, target, name, waiting, alert=True, status=429)
            response.headers["Retry-After"] = str(error.seconds)
            return response
        if token is None:
            return self._page(text, target, name, text("sign_in.wrong"), alert=True, status=401)
        return _signed_in(request, token, target)

    def begin(self, request):
        """Send the browser to the identity provider; what is needed on its return goes with it, signed."""
        if self._provider is None:
            raise HTTPException(404)
        target = _target(request.query_params.get("next"))
        try:
            address, pending = self._provider.begin(_callback(request))
        except ProviderError as error:
            return _provider_failed(request, error, target)
        response = RedirectResponse(address, 303)
        kept = _pending().dumps(pending | {"next": target})
        response.set_cookie(
            PENDING, kept, max_age=PENDING_S, path=SIGN_IN, httponly=True, samesite="lax", secure=_is_secure(request)
        )
        return response

    def finish(self, request):
        """Take the identity provider's word for who has come back: on to `next`, or to the form with a notice."""
        if self._provider is None:
            raise HTTPException(404)
        pending = {}
        try:
            pending = _pending().loads(request.cookies.get(PENDING, ""), max_age=PENDING_S)
            who = self._provider.finish(_callback(request), request.query_params, pending)
            where = address_of(request.scope)
            token = sessions.sign_in_by_provider(who.subject, who.name, who.role, who.units, where)
        except (BadSignature, ProviderError, AccountError) as error:
            response = _provider_failed(request, error, pending.get("next", "/"))
        else:
            response = _signed_in(request, token, _target(pending["next"]))
        response.delete_cookie(PENDING, path=SIGN_IN)
        return response

    def _page(self, text, target, name="", notice=None, alert=False, status=200):
        other = next(language for language in LANGUAGES if language != text.language)
        body = (
            _notice(notice, alert)
            + f'<form method="post" action="{SIGN_IN}"><input type="hidden" name="next" value="{escape(target)}">'
            + f'<input type="hidden" name="lang" value="{text.language}">'
            + _field("name", text("sign_in.name"), "username", value=name)
            + _field("password", text("sign_in.password"), "current-password", "password")
            + f"<button>{escape(text('sign_in'))}</button></form>"
        )
        if self._provider:
            address = f"{SIGN_IN}/provider?{urlencode({'next': target})}"
            body += f'<a class="button" href="{escape(address)}">{escape(self._provider.settings.label)}</a>'
        switch = escape(urlencode({"next": target, "lang": other}))
        body += f"<p>{escape(text('sign_in.help'))}</p>"
        body += f'<p><a href="{SIGN_IN}?{switch}" lang="{other}">{LANGUAGES[other]}</a></p>'
        if not target.startswith(STATIC_PAGE):
            still = escape(urlencode({"next": f"{STATIC_PAGE}?lang={text.language}"}))
            body += f'<p><a href="{SIGN_IN}?{still}">{escape(text("day.sign_in"))}</a></p>'
        return _html(text, text("sign_in"), text("title"), body, status)


def leave(request):
    """End the session, here and wherever its cookie has got to."""
    sessions.sign_out(request.state.reader, request.state.session)
    return _to_sign_in(_text(request), "out")


def show_password(request):
    """The form for another password."""
    return _password_page(_text(request))


async def take_password(request):
    """Change the reader's password; it signs in anew with it."""
    return await to_thread.run_sync(_try_password, request, await _read(request), limiter=_verifying)


def _try_password(request, form):
    text = _text(request, form.get("lang"))
    current, new, again = (form.get(name, "") for name in ("current", "new", "again"))
    if new != again:
        return _password_page(text, text("password.differ"), 400)
    try:
        if sessions.change_password(request.state.reader, current, new):
            return _to_sign_in(text, "changed")
    except TooManyTries as error:
        return _password_page(text, text("sign_in.wait", seconds=text.number(error.seconds)), 429)
    except AccountError:
        return _password_page(text, text("password.weak"), 400)
    return _password_page(text, text("password.wrong"), 401)


def _signed_in(request, token, target):
    response = RedirectResponse(target, 303)
    signed_cookie(response, token, _is_secure(request))
    return response


def _is_secure(request):
    return request.url.scheme == "https"


def _callback(request):
    return str(request.url.replace(path=f"{SIGN_IN}/callback", query="", fragment=""))


def _pending():
    return URLSafeTimedSerializer(sessions.cookie_key(), salt="provider")


def _provider_failed(request, error, target):
    logging.getLogger("phuqr.gate").warning("no sign-in through the identity provider: %s", error)
    if not isinstance(error, AccountError):  # which geo.sessions has put on record, with the name
        with db.gating() as connection:
            record(connection, Actor(None, address=address_of(request.scope)), "sign_in_failed", "identity provider")
    return RedirectResponse(f"{SIGN_IN}?{urlencode({'said': 'provider_failed', 'next': target})}", 303)


def _to_sign_in(text, said):
    response = RedirectResponse(f"{SIGN_IN}?{urlencode({'said': said, 'lang': text.language})}", 303)
    response.delete_cookie(COOKIE)
    return response


def _target(asked):
    """The path of ours to go to after sign-in; / for whatever is none, or too long for a cookie."""
    return asked if asked and re.fullmatch(r"/(?![/\\])[^\\\x00-\x20]{0,2000}", asked) else "/"


def _text(request, language=None):
    """The words of the language asked for, here or on the page to go to."""
    query = dict(parse_qsl(_target(request.query_params.get("next")).partition("?")[2]))
    language = language or request.query_params.get("lang") or query.get("lang")
    return Text(language if language in LANGUAGES else "vi")


async def _read(request):
    """The fields of a form; the gate has seen to its size."""
    try:
        return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=10))
    except ValueError:
        return {}


def _password_page(text, notice=None, status=200):
    body = (
        _notice(notice, True)
        + f'<form method="post" action="/password"><input type="hidden" name="lang" value="{text.language}">'
        + _field("current", text("password.current"), "current-password", "password")
        + _field("new", text("password.new"), "new-password", "password")
        + _field("again", text("password.again"), "new-password", "password")
        + f"<button>{escape(text('password.change'))}</button></form>"
        + f'<p>{escape(text("password.rule", shortest=SHORTEST))}</p><p><a href="/">{escape(text("password.back"))}</a></p>'
    )
    return _html(text, text("password.change"), text("password.change"), body, status)


def _field(name, label, complete, kind="text", value=""):
    return (
        f'<label for="{name}">{escape(label)}</label><input id="{name}" name="{name}" type="{kind}" '
        f'value="{escape(value)}" autocomplete="{complete}" autocapitalize="none" spellcheck="false" required>'
    )


def _notice(said, alert):
    return f'<div role="{"alert" if alert else "status"}">{escape(said)}</div>' if said else ""


def _html(text, title, heading, body, status):
    page = (
        f'<!doctype html><html lang="{text.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(title)} – phuqr</title>"
        f"<style>{_STYLE}</style></head><body><main><h1>phuqr</h1><h2>{escape(heading)}</h2>{body}</main></body></html>"
    )
    return HTMLResponse(page, status, {"Cache-Control": "no-store"})
