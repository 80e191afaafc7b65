"""Signing in through a province's identity provider: OpenID Connect, by authorization code with PKCE.

It says who a person is, with which role and for which units, or raises ProviderError: there is no half-known person.
"""

import ipaddress
import re
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit

import pydantic
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from pydantic import AfterValidator, ConfigDict, StringConstraints
from pydantic_settings import SettingsError

from dashboard.settings import read_section
from geo.errors import ProviderError
from geo.scope import ROLES

WELL_KNOWN = "/.well-known/openid-configuration"
# Not EdDSA, which RFC 9864 deprecates, nor its successors, whose at_hash Authlib does not know.
ALGORITHMS = {kind + size for kind in ("RS", "PS", "ES") for size in ("256", "384", "512")}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{1,63}")
SUB = re.compile(r"[ -~]{1,255}")
CODE = re.compile(r"[0-9]{2}|[0-9]{3}|[0-9]{5}")
TIMEOUT_S = 10
LEEWAY_S = 60
METADATA_S = 3600


def _is_safe(url):
    """Whether nobody on the way can read or change what goes to an address: https, or this machine."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname != "localhost":
            return ipaddress.ip_address(parts.hostname).is_loopback
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except (AttributeError, TypeError, ValueError):
        return False


def _check_metadata_url(url):
    if not _is_safe(url) or not url.endswith(WELL_KNOWN):
        raise ValueError(f"must be an https address that ends in {WELL_KNOWN}")
    return url


def _check_scopes(scopes):
    if "openid" not in scopes.split():
        raise ValueError("must hold openid")
    return scopes


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Code = Annotated[str, StringConstraints(pattern=f"^({CODE.pattern})$")]


@pydantic.dataclasses.dataclass(frozen=True, config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class Settings:
    """How to ask a provider, and what its claims mean here.

    roles: claim value -> role. units: claim value -> codes of units; empty, the values are the codes themselves.
    label: the words on the sign-in button.
    """

    metadata_url: Annotated[_Text, AfterValidator(_check_metadata_url)]
    client_id: _Text
    client_secret: Annotated[str, StringConstraints(min_length=1)] = field(repr=False)
    roles: Annotated[dict[_Text, Literal[ROLES]], pydantic.Field(min_length=1)]
    units: dict[_Text, Annotated[tuple[_Code, ...], pydantic.Field(min_length=1)]] = field(default_factory=dict)
    scopes: Annotated[_Text, AfterValidator(_check_scopes)] = "openid profile"
    name_claim: _Text = "preferred_username"
    role_claim: _Text = "groups"
    units_claim: _Text = "units"
    label: _Text = "Đăng nhập bằng hệ thống xác thực của tỉnh"


def read_settings():
    """The settings, whole, from PHUQR_OIDC_* (roles and units in JSON), or else from [oidc] of .streamlit/secrets.toml.

    None where neither names a provider.
    """
    try:
        return read_section("oidc", Settings, ProviderError)
    except SettingsError:
        raise ProviderError("PHUQR_OIDC_ROLES and PHUQR_OIDC_UNITS must each be an object in JSON") from None


@dataclass(frozen=True)
class Identity:
    """Who signed in. subject (issuer and sub) is theirs for good; name, in lower case, may pass to another person."""

    subject: str
    name: str
    role: str
    units: tuple[str, ...]


class Provider:
    """A province's identity provider. Its metadata and keys are kept for an hour; threads may share it."""

    def __init__(self, settings):
        self.settings = settings
        self._metadata = self._keys = None
        self._stale_at = 0

    def begin(self, redirect_uri):
        """The address to send the browser to, and what `finish` must be given with the answer: a dict of texts."""
        pending = {name: secrets.token_urlsafe(48) for name in ("state", "nonce", "code_verifier")}
        with self._open_session(redirect_uri) as session:
            address = self._read_metadata(session)["authorization_endpoint"]
            return session.create_authorization_url(address, **pending)[0], pending

    def finish(self, redirect_uri, query, pending):
        """The Identity of who comes back.

        query: the parameters the browser brought. pending: what `begin` gave with the same redirect_uri; use it once.
        """
        if not all(pending.get(name) for name in ("state", "nonce", "code_verifier")):
            raise ProviderError("no sign-in is under way in this browser, or it took too long; begin again")
        if query.get("state") != pending["state"]:
            raise ProviderError("the answer belongs to another sign-in than the one this browser began; begin again")
        with self._open_session(redirect_uri) as session:
            metadata = self._read_metadata(session)
            # RFC 9207: whose answer it is, where the provider says so
            named = "iss" in query or metadata.get("authorization_response_iss_parameter_supported")
            if named and query.get("iss") != metadata["issuer"]:
                raise ProviderError("the answer comes from another issuer than the one that was asked")
            if "error" in query or not query.get("code"):
                fault = _plain(query.get("error"), "it gave no code")
                raise ProviderError(f"the identity provider did not sign the person in: {fault}")
            token = self._fetch_token(session, metadata, query["code"], pending["code_verifier"])
            claims = self._read_id_token(session, metadata, token, pending["nonce"])
            self._add_userinfo(session, metadata, claims)
        return _identify(claims, self.settings)

    def _open_session(self, redirect_uri):
        return OAuth2Session(
            self.settings.client_id,
            self.settings.client_secret,
            scope=self.settings.scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            leeway=0,
            default_timeout=TIMEOUT_S,
        )

    def _get(self, session, what, url, **options):
        """What an address answers: an object in JSON. A redirection is not followed, as it might leave https."""
        with _asking(what):
            response = session.get(_check_safe(url, what), allow_redirects=False, **options)
            answer = response.json() if response.status_code == 200 else None
        if not isinstance(answer, dict):
            raise ProviderError(f"the identity provider's {what} cannot be read: status {response.status_code}")
        return answer

    def _read_metadata(self, session):
        if self._metadata is None or time.monotonic() >= self._stale_at:
            url = self.settings.metadata_url
            metadata = self._get(session, "metadata", url, withhold_token=True)
            issuer = metadata.get("issuer")
            if not isinstance(issuer, str) or get_well_known_url(issuer, external=True) != url:
                raise ProviderError(f"the metadata at {url} are those of another issuer: {issuer!r}")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _check_safe(metadata.get(name), name)
            self._metadata, self._keys, self._stale_at = metadata, None, time.monotonic() + METADATA_S
        return self._metadata

    def _read_keys(self, session, metadata, anew=False):
        keys = self._keys
        if keys is None or anew:
            found = self._get(session, "keys", metadata["jwks_uri"], withhold_token=True)
            try:
                keys = self._keys = KeySet.import_key_set(found)
            except (JoseError, KeyError, TypeError, ValueError) as error:
                raise ProviderError(f"the identity provider's keys cannot be read: {_name_fault(error)}") from None
        return keys

    def _fetch_token(self, session, metadata, code, code_verifier):
        known = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        with _asking("token"):
            token = session.fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=code_verifier,
                auth=session.client_auth(method),
                allow_redirects=False,
            )
        if not all(isinstance(token.get(name), str) for name in ("id_token", "access_token")):
            raise ProviderError("the identity provider gave no ID token or no access token")
        return token

    def _read_id_token(self, session, metadata, token, nonce):
        """The claims of an ID token that is what OpenID Connect Core 1.0, 3.1.3.7, wants it to be."""
        offered = metadata.get("id_token_signing_alg_values_supported")
        allowed = [name for name in sorted(ALGORITHMS) if isinstance(offered, list) and name in offered]
        if not allowed:  # joserfc takes none named for its usual ones, HS256 among them
            raise ProviderError("the identity provider offers none of the signatures " + ", ".join(sorted(ALGORITHMS)))
        registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
        wanted = {
            "iss": {"essential": True, "values": [metadata["issuer"]]},
            "sub": {"essential": True},
            "aud": {"essential": True, "values": [self.settings.client_id]},
        }
        known = {"nonce": nonce, "client_id": self.settings.client_id, "access_token": token["access_token"]}
        try:
            try:
                decoded = jwt.decode(token["id_token"], self._read_keys(session, metadata), registry=registry)
            except InvalidKeyIdError:
                decoded = jwt.decode(
                    token["id_token"], self._read_keys(session, metadata, anew=True), registry=registry
                )
            claims = CodeIDToken(decoded.claims, decoded.header, wanted, known)
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, TypeError, ValueError) as error:
            raise ProviderError(f"the ID token is refused: {_name_fault(error)}") from None
        return dict(claims)

    def _add_userinfo(self, session, metadata, claims):
        """Add to the claims those that are wanted and that only the userinfo endpoint gives."""
        wanted = (self.settings.name_claim, self.settings.role_claim, self.settings.units_claim)
        absent = [name for name in wanted if claims.get(name) is None]
        if absent and "userinfo_endpoint" in metadata:
            found = self._get(session, "userinfo", metadata["userinfo_endpoint"])
            if found.get("sub") != claims["sub"]:
                raise ProviderError("the userinfo is that of another person than the ID token")
            claims.update({name: found.get(name) for name in absent})


@contextmanager
def _asking(what):
    """Turns the faults of a request into a ProviderError that quotes nothing of the answer, which may hold a token."""
    try:
        yield
    except (requests.RequestException, AuthlibBaseError, ValueError) as error:
        raise ProviderError(f"the identity provider's {what} cannot be read: {_name_fault(error)}") from None


def _check_safe(url, what):
    if not _is_safe(url):
        raise ProviderError(f"the identity provider's {what} must be at an https address, not {url!r}")
    return url


def _name_fault(error):
    """The name of a fault: OAuth's or joserfc's own, with the claim where it is one, or else that of its class."""
    name = _plain(getattr(error, "error", None), type(error).__name__)
    return f"{name} ({error.claim})" if hasattr(error, "claim") else name


def _plain(name, otherwise):
    """A name that came from outside, where it is fit for a log."""
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name) else otherwise


def _identify(claims, settings):
    """The Identity that the claims give; refused where they do not give one name, one role and a unit."""
    if not SUB.fullmatch(claims["sub"]):
        raise ProviderError("the sub of the ID token is not of 1 to 255 ASCII characters")
    subject = f"{claims['iss']}|{claims['sub']}"
    name = claims.get(settings.name_claim)
    if not isinstance(name, str) or not NAME.fullmatch(name := name.strip()):
        raise ProviderError(f"{subject!r} cannot sign in: {settings.name_claim} gives no name for an account")
    roles = {settings.roles[value] for value in _list_texts(claims, settings.role_claim) if value in settings.roles}
    if len(roles) != 1:
        found = ", ".join(sorted(roles)) or "none"
        raise ProviderError(f"{subject!r} cannot sign in: {settings.role_claim} must give one role and gives {found}")
    values = _list_texts(claims, settings.units_claim)
    mapped = (settings.units.get(value, ()) if settings.units else (value,) for value in values)
    units = {code for codes in mapped for code in codes if CODE.fullmatch(code)}
    if not units:
        raise ProviderError(f"{subject!r} cannot sign in: {settings.units_claim} gives no code of a unit")
    return Identity(subject, name.lower(), *roles, tuple(sorted(units)))


def _list_texts(claims, name):
    value = claims.get(name)
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
