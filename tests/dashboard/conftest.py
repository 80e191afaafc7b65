"""What the tests of pages, routes and sign-in share: a reader as the gate lets one through, and identity providers.

canaille is a real provider; the impostor says what a test tells it to.
"""

import asyncio
import base64
import json
import re
import socket
import subprocess
import sys
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

import pytest
import requests
import streamlit as st
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette

from dashboard import app, data
from dashboard.oidc import WELL_KNOWN, Provider, Settings
from geo import db
from geo.accounts import everything
from geo.audit import Actor
from geo.errors import ProviderError
from geo.scope import Scope

SECRET = "client-secret-of-the-tests"
PASSWORD = "correct horse battery staple"
CODE = "an-authorization-code"
ACCESS_TOKEN = "an-access-token"
ROLES = {"phuqr lãnh đạo": "leader", "phuqr huyện": "district", "phuqr y tế": "health", "phuqr CDC": "health"}


@pytest.fixture(autouse=True)
def nothing_cached():
    """What a page has kept outlives neither its test nor another's database."""
    st.cache_data.clear()
    yield
    st.cache_data.clear()


@pytest.fixture
def read_as(monkeypatch):
    """A function that makes pages be read by an account of that role, for these units (all there are if none is named)."""

    def read(role="leader", *codes):
        with db.gating() as connection:
            units = everything(connection)
        if codes:
            units = tuple((units[0][0], code) for code in codes)
        actor = Actor(role, Scope(role, units), "127.0.0.1")
        monkeypatch.setattr(data, "reader", lambda: actor)
        return actor

    return read


@pytest.fixture
def ask(small_province, read_as):
    """A function that gives status, headers and body of the answer to a GET, the path sent as it stands.

    For the leader of all there is, or for another `reader`, as the gate would have let it through.
    """

    def ask(path, reader=None, **headers):
        sent = []
        path, _, query = path.partition("?")

        async def receive():
            await asyncio.Event().wait()  # the reader does not hang up

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": unquote(path),
            "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "server": ("localhost", 80),
            "headers": [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()],
            "state": {"reader": reader or leader},
        }  # fmt: skip
        asyncio.run(Starlette(routes=app.routes(), exception_handlers=app.HANDLERS)(scope, receive, send))
        found = {name.decode(): text.decode() for name, text in sent[0]["headers"]}
        return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent)

    leader = read_as("leader")
    return ask


@pytest.fixture(scope="session")
def settings_for():
    """A function that gives the settings for a provider at an address."""

    def settings(address, **changes):
        known = {"metadata_url": address + WELL_KNOWN, "client_id": "phuqr", "client_secret": SECRET, "roles": ROLES}
        return Settings(**known | changes)

    return settings


@pytest.fixture(scope="session")
def refused():
    """A refusal whose words match, in which, as logged, neither the client's secret nor anything `hidden` stands."""

    @contextmanager
    def refused(match, *hidden):
        with pytest.raises(ProviderError, match=match) as caught:
            yield
        logged = "".join(traceback.format_exception(caught.value))
        assert "\n" not in str(caught.value)
        for secret in (SECRET, CODE, ACCESS_TOKEN, *hidden):
            assert secret not in logged

    return refused


class Canaille:
    """The real provider, and the app's side of it: `door` is the socket where the callback's address is served."""

    def __init__(self, address, door, callback):
        self.address, self.door, self.callback = address, door, callback

    def enrol(self, name, *groups, department=None):
        """Give an office an account there; for one that has an account, other groups and department.

        A test takes a name of its own, as canaille remembers who has consented.
        """
        office = {"name": name, "department": department, "groups": groups}
        requests.post(f"{self.address}/enrol", json=office, timeout=10).raise_for_status()

    def walk_through(self, address, name, consent="accept"):
        """The address that a browser is sent back to after login, password and consent.

        Once in a second for each name: an office's tokens of one second are the same, which canaille refuses.
        """
        forms = iter([{"login": name}, {"password": PASSWORD}, {"answer": consent}])
        with requests.Session() as browser:
            page = browser.get(address, allow_redirects=False, timeout=10)
            while True:
                while page.is_redirect:
                    target = urljoin(page.url, page.headers["Location"])
                    if target.startswith(self.callback):
                        return target
                    page = browser.get(target, allow_redirects=False, timeout=10)
                assert page.status_code == 200, page.text
                token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
                page = browser.post(page.url, next(forms) | {"csrf_token": token}, allow_redirects=False, timeout=10)


@pytest.fixture(scope="session")
def canaille(tmp_path_factory):
    folder = tmp_path_factory.mktemp("canaille")
    log = folder / "log"
    script = Path(__file__).with_name("oidc_canaille.py")
    with socket.create_server(("127.0.0.1", 0)) as door, open(log, "w") as errors:
        callback = "http://{}:{}/sign-in/callback".format(*door.getsockname())
        command = [sys.executable, script, folder / "canaille.sqlite", callback, PASSWORD, SECRET]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            try:
                address = process.stdout.readline().strip()
                assert address, log.read_text()
                yield Canaille(address, door, callback)
            finally:
                process.terminate()


def encode(part):
    """A part of a token: bytes, or what is to be JSON, in Base64 of addresses."""
    plain = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


@cache
def make_key(kind="RSA", kid="first", which=0):
    """A key of a kind and a name; another for another `which`."""
    return {"RSA": RSAKey, "EC": ECKey}[kind].generate_key({"RSA": 2048, "EC": "P-256"}[kind], {"kid": kid})


class Impostor:
    """A provider that says what a test tells it to.

    claims: over those of a good ID token; None leaves one out. token: over the answer of the token endpoint. answers:
    path -> what to answer instead: an object, bytes, (status, headers, those), or a function that gives one of them.
    asked: the paths asked for, in order. got: path -> the headers and the form that came last.
    """

    callback, secret, code, access_token = "http://127.0.0.1:9/sign-in/callback", SECRET, CODE, ACCESS_TOKEN
    encode, make_key = staticmethod(encode), staticmethod(make_key)

    def __init__(self, address, settings_for):
        self.address = self.issuer = address
        self._settings_for = settings_for
        self.key, self.published = make_key(), [make_key().as_dict(private=False)]
        self.header, self.nonce = {"alg": "RS256", "kid": "first"}, None
        self.claims, self.userinfo, self.token, self.answers, self.asked, self.got = {}, {}, {}, {}, [], {}
        self.metadata = {
            "issuer": address,
            "authorization_endpoint": f"{address}/authorize",
            "token_endpoint": f"{address}/token",
            "userinfo_endpoint": f"{address}/userinfo",
            "jwks_uri": f"{address}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def provider(self, **changes):
        return Provider(self._settings_for(self.address, **changes))

    def begin(self, provider=None):
        """A sign-in that the browser has been sent away for: what was kept of it."""
        pending = (provider or self.provider()).begin(self.callback)[1]
        self.nonce = pending["nonce"]
        return pending

    def sign_in(self, provider=None, query=(), **changes):
        """The Identity at the end of a sign-in, in which the browser brings `query` beside what it should (None: not)."""
        provider = provider or self.provider(**changes)
        pending = self.begin(provider)
        brought = {"code": CODE, "state": pending["state"]} | dict(query)
        brought = {name: value for name, value in brought.items() if value is not None}
        return provider.finish(self.callback, brought, pending)

    def make_claims(self):
        now = int(time.time())
        good = {"iss": self.issuer, "sub": "u1", "aud": "phuqr", "iat": now, "exp": now + 300, "nonce": self.nonce}
        good |= {"preferred_username": "ductho", "groups": ["phuqr huyện"], "units": ["440"]}
        return {name: value for name, value in (good | self.claims).items() if value is not None}

    def sign(self):
        registry = JWSRegistry(algorithms=[self.header["alg"]], strict_check_header=False)
        return jwt.encode(self.header, self.make_claims(), self.key, registry=registry)

    def forge(self, header, signature=lambda text: b""):
        """An ID token put together by hand: what it is signed with is the caller's."""
        text = f"{encode(header)}.{encode(self.make_claims())}"
        return f"{text}.{encode(signature(text.encode()))}"

    def answer(self, path):
        if path in self.answers:
            return self.answers[path]
        if path == "/token":
            fresh = {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 60}
            return fresh | ({} if "id_token" in self.token else {"id_token": self.sign()}) | self.token
        return {WELL_KNOWN: self.metadata, "/keys": {"keys": self.published}, "/userinfo": self.userinfo}[path]


@pytest.fixture
def impostor(settings_for):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path, body = urlsplit(self.path).path, self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.asked.append(path)
            made.got[path] = (dict(self.headers), dict(parse_qsl(body.decode())))
            answer = made.answer(path)
            answer = answer() if callable(answer) else answer
            status, headers, answer = answer if isinstance(answer, tuple) else (200, {}, answer)
            self.send_response(status)
            for header in headers.items():
                self.send_header(*header)
            with suppress(ConnectionError):  # of who did not wait
                self.end_headers()
                self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        do_POST = do_GET

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Impostor(f"http://127.0.0.1:{server.server_port}", settings_for)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        server.shutdown()
        thread.join()
