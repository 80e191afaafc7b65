"""The one place that lets a request through: pure ASGI middleware before every HTTP route and before the websocket.

A request passes with the signed cookie of a session that stands, or to what OPEN names. What passes carries who it is:
`request.state.reader` for routes, the header SESSION_HEADER for pages (st.context.headers). What a client sends of that
kind is dropped. A path that no rule names is not found, so that a new route is closed until it has one.
"""

import logging
import re
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse

from dashboard.loads import LARGEST
from dashboard.navigation import LOADING, PAGES, SESSION_HEADER
from geo import sessions
from geo.errors import PhuqrError

COOKIE = "phuqr"
SIGN_IN = "/sign-in"
OPEN = {"/health", SIGN_IN, "/sign-in/provider", "/sign-in/callback"}
PAGE_PATHS = {f"/{path}" for path in PAGES}
STATIC_PAGE = "/day.html"  # dashboard.day_page, which needs no websocket
# Of Streamlit's own routes those that the pages need. Its media, its own sign-in and its API for agents are not among
# them: they know no scope. Its uploads are there for the roles that load, see UPLOAD.
NEEDED = {STATIC_PAGE, "/sign-out", "/password", "/favicon.png", "/manifest.json", "/_stcore/health", "/_stcore/host-config"}
NEEDED_BELOW = ("/geo/", "/base/", "/drawn/", "/tiles/", "/export/", "/data/", "/report/", "/lib/", "/static/", "/component/streamlit_folium.")
STREAM = "/_stcore/stream"
# What Streamlit's own script asks for below each page before it asks at the root.
PROBED = {f"/{path}/_stcore/{name}" for path in PAGES if path for name in ("health", "host-config", "stream")}
WRITING = {SIGN_IN, "/sign-out", "/password"}  # take POST
LARGEST_BODY = 16_384  # bytes: forms with a name and a password
# Where a page's file goes and is taken back from: PUT and DELETE at an address of two random names, that of the page among them.
UPLOAD = re.compile("/_stcore/upload_file/" + "/".join(["[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"] * 2))
LARGEST_UPLOAD = LARGEST * 1024 * 1024 + 65_536  # bytes: a file and what is written around it

# Headers by which some proxies and servers tell who asks.
_IDENTITY = re.compile(
    rb"(x-)?(phuqr-|auth|remote-|webauth|streamlit-user|user(?!-agent)|forwarded-(user|email|groups|preferred)).*"
)
_TRICKS = re.compile(rb"(?i)//|\\|%(00|25|2e|2f|5c)|(^|/)\.\.?(/|$)|[\x00-\x1f]")
_HARDENING = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'self'; form-action 'self'",
}
_SAID = {401: "Chưa đăng nhập.", 503: "Không truy cập được cơ sở dữ liệu. Đề nghị báo người quản trị hệ thống."}
_log = logging.getLogger("phuqr.gate")
_threads = CapacityLimiter(8)  # fewer than the pool of the gate's connections


class Gate:
    """The middleware."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        answer = self._refuse(scope, headers)
        reader = None
        if answer is None and scope["path"] not in OPEN:
            try:
                key, reader = await self._find_reader(scope, headers)
                reader = reader and replace(reader, address=address_of(scope))
            except PhuqrError as error:
                _log.warning("%s", error)
                answer = 503
            else:
                answer = self._refuse_reader(scope, reader) if reader else self._ask_to_sign_in(scope, headers)
        if answer is not None:
            level = logging.INFO if isinstance(answer, str) or scope["path"] in PROBED else logging.WARNING
            asked = scope.get("method", "websocket"), scope["path"], address_of(scope)
            _log.log(level, "refused (%s): %s %r from %s", answer, *asked)
            return await _answer(answer, scope, receive, send)
        kept = [(name, value) for name, value in scope["headers"] if not _IDENTITY.fullmatch(name.lower())]
        if reader:
            kept.append((SESSION_HEADER.encode(), key.hex().encode()))
        state = {**scope.get("state", {}), "reader": reader, "session": key if reader else None}
        await self.app({**scope, "headers": kept, "state": state}, receive, _harden(send))

    def _refuse(self, scope, headers):
        """The status for what is refused whoever asks; None if nothing is."""
        path, raw = scope["path"], scope.get("raw_path") or scope["path"].encode()
        if _TRICKS.search(raw.split(b"?")[0]):
            return 400
        origin = headers.get("origin")
        foreign = origin is not None and origin.partition("://")[2] != headers.get("host")
        if scope["type"] == "websocket":
            return 404 if path != STREAM else 403 if foreign else None
        method, upload = scope["method"], UPLOAD.fullmatch(path)
        if upload and method not in ("PUT", "DELETE"):
            return 404
        if not upload and path not in OPEN | PAGE_PATHS | NEEDED and not path.startswith(NEEDED_BELOW):
            return 404
        if not upload and method not in ("GET", "HEAD") and not (method == "POST" and path in WRITING):
            return 405
        if method not in ("GET", "HEAD") and foreign:
            return 403
        if method in ("POST", "PUT"):
            length = headers.get("content-length", "")
            if "transfer-encoding" in headers or not length.isdecimal():
                return 411
            if int(length) > (LARGEST_UPLOAD if upload else LARGEST_BODY):
                return 413
        return None

    def _refuse_reader(self, scope, reader):
        """What a reader of that role gets in place of what is not for it: a status, or where to go; None if it is."""
        path, role = scope["path"], reader.scope.role
        if UPLOAD.fullmatch(path) and role not in LOADING:
            return 404
        if path in PAGE_PATHS and role not in PAGES[path[1:]].roles:
            query = scope["query_string"].decode("latin-1")
            return (
                f"/?{query}" if query else "/"
            )  # Streamlit would say "Page not found", in English, over the first page
        return None

    async def _find_reader(self, scope, headers):
        """The session's key and its Actor; None and None where the cookie is missing, forged or of a session that ended."""
        signed = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        if signed is None:
            return None, None
        try:
            token = _signer().loads(signed)
        except BadSignature:
            _log.warning("a cookie that this server did not sign, from %s", address_of(scope))
            return None, None
        key = sessions.session_key(token)
        return key, await to_thread.run_sync(sessions.find_reader, key, limiter=_threads)

    def _ask_to_sign_in(self, scope, headers):
        """What who is not signed in gets: a page leads to the sign-in page and back, anything else is 401."""
        if scope["type"] == "http" and scope["path"] in {*PAGE_PATHS, STATIC_PAGE}:
            query = scope["query_string"].decode("latin-1")
            return f"{SIGN_IN}?next={quote(scope['path'] + ('?' + query if query else ''))}"
        return 401


def signed_cookie(response, token, secure):
    """Give a response the cookie of a session."""
    response.set_cookie(COOKIE, _signer().dumps(token), httponly=True, samesite="lax", secure=secure)


def address_of(scope):
    """Where a request comes from; behind a proxy on this machine, what the proxy says, which may be anything."""
    return scope["client"][0][:64] if scope.get("client") else None


def _signer():
    return URLSafeSerializer(sessions.cookie_key(), salt="session")


def _harden(send):
    async def sending(message):
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HARDENING.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


async def _answer(answer, scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        return await send({"type": "websocket.close", "code": 1008})
    if isinstance(answer, str):
        response = RedirectResponse(answer, 303)
    else:
        response = PlainTextResponse(_SAID.get(answer, HTTPStatus(answer).phrase), answer)
    response.headers["Cache-Control"] = "no-store"
    await response(scope, receive, _harden(send))
