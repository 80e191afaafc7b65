"""Signing in by OpenID Connect at a provider, or with a browser, that does wrong what a good one never would."""

import base64
import hashlib
import hmac
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jws import JWSRegistry

from dashboard import oidc
from dashboard.oidc import WELL_KNOWN, Identity

ENDPOINTS = [(WELL_KNOWN, "metadata"), ("/keys", "keys"), ("/token", "token"), ("/userinfo", "userinfo")]


def test_the_browser_is_sent_with_a_state_a_nonce_and_a_challenge_of_its_own(impostor):
    provider = impostor.provider()
    address, pending = provider.begin(impostor.callback)
    query = dict(parse_qsl(urlsplit(address).query))
    digest = hashlib.sha256(pending["code_verifier"].encode()).digest()
    assert address.startswith(impostor.metadata["authorization_endpoint"] + "?")
    assert query == {
        "response_type": "code", "client_id": "phuqr", "redirect_uri": impostor.callback, "scope": "openid profile",
        "state": pending["state"], "nonce": pending["nonce"],
        "code_challenge": impostor.encode(digest), "code_challenge_method": "S256",
    }  # fmt: skip
    assert all(len(text) >= 43 for text in pending.values())
    assert set(pending.values()).isdisjoint(provider.begin(impostor.callback)[1].values())


@pytest.mark.parametrize(
    ("methods", "how"),
    [(None, "basic"), (["client_secret_post", "client_secret_basic"], "basic"), (["client_secret_post"], "post")],
)
def test_the_code_is_exchanged_with_its_verifier_and_the_clients_secret(impostor, methods, how):
    impostor.metadata["token_endpoint_auth_methods_supported"] = methods
    assert impostor.sign_in() == Identity(f"{impostor.address}|u1", "ductho", "district", ("440",))
    headers, form = impostor.got["/token"]
    assert form["grant_type"] == "authorization_code"
    assert (form["code"], form["redirect_uri"]) == (impostor.code, impostor.callback)
    assert len(form["code_verifier"]) >= 43
    basic = "Basic " + base64.b64encode(f"phuqr:{impostor.secret}".encode()).decode()
    assert (headers.get("Authorization") == basic) == (how == "basic")
    assert (form.get("client_secret") == impostor.secret) == (how == "post")


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "ES256"])
def test_a_signature_of_an_offered_asymmetric_algorithm_is_taken(impostor, refused, algorithm):
    impostor.key = impostor.make_key("EC" if algorithm[0] == "E" else "RSA")
    impostor.published = [impostor.key.as_dict(private=False)]
    impostor.header |= {"alg": algorithm, "pi.atm": "a header may hold more than the standard knows"}
    impostor.metadata["id_token_signing_alg_values_supported"] = ["none", algorithm]
    assert impostor.sign_in().role == "district"
    impostor.metadata["id_token_signing_alg_values_supported"] = ["RS384"]
    with refused("ID token is refused: unsupported_algorithm"):
        impostor.sign_in()


@pytest.mark.parametrize("offered", [["RS256", "HS256", "none"], None])
@pytest.mark.parametrize("forgery", ["none", "secret is the public key", "secret is published"])
def test_an_unsigned_token_and_one_signed_with_a_secret_are_refused(impostor, refused, offered, forgery):
    impostor.metadata["id_token_signing_alg_values_supported"] = offered
    shared = bytes(range(32))
    secret = shared if forgery == "secret is published" else impostor.key.as_pem(private=False)
    if forgery == "secret is published":
        impostor.published = [{"kty": "oct", "k": impostor.encode(shared), "kid": "first"}]
    provider = impostor.provider()
    pending = impostor.begin(provider)
    if forgery == "none":
        token = impostor.forge({"alg": "none", "kid": "first"})
    else:
        token = impostor.forge({"alg": "HS256", "kid": "first"}, lambda text: hmac.digest(secret, text, "sha256"))
    impostor.token["id_token"] = token
    with refused("unsupported_algorithm|offers none of the signatures", token):
        provider.finish(impostor.callback, {"code": impostor.code, "state": pending["state"]}, pending)


@pytest.mark.parametrize("offered", [None, "RS256", ["EdDSA"]])
def test_a_provider_must_list_its_signatures(impostor, refused, offered):
    impostor.metadata["id_token_signing_alg_values_supported"] = offered
    with refused("offers none of the signatures ES256, .*RS512$"):
        impostor.sign_in()


def since_now(claims):
    """Claims whose numbers are seconds from now."""
    return {name: int(time.time()) + value if isinstance(value, int) else value for name, value in claims.items()}


@pytest.mark.parametrize(
    ("fault", "claims"),
    [
        (r"invalid_claim \(nonce\)", {"nonce": "another"}),
        (r"missing_claim \(nonce\)", {"nonce": None}),
        (r"invalid_claim \(aud\)", {"aud": "another-client"}),
        (r"invalid_claim \(aud\)", {"aud": ["another-client"], "azp": "phuqr"}),
        (r"missing_claim \(aud\)", {"aud": None}),
        (r"missing_claim \(azp\)", {"aud": ["phuqr", "another-client"]}),
        (r"invalid_claim \(azp\)", {"aud": ["phuqr", "another-client"], "azp": "another-client"}),
        (r"invalid_claim \(iss\)", {"iss": "https://another.test"}),
        (r"missing_claim \(iss\)", {"iss": None}),
        (r"missing_claim \(sub\)", {"sub": None}),
        (r"invalid_claim \(sub\)", {"sub": 7}),
        (r"expired_token \(exp\)", {"exp": -120}),
        (r"missing_claim \(exp\)", {"exp": None}),
        (r"invalid_claim \(iat\)", {"iat": 120}),
        (r"invalid_claim \(nbf\)", {"nbf": 120}),
        (r"invalid_claim \(at_hash\)", {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(impostor, refused, fault, claims):
    impostor.claims = since_now(claims)
    with refused(f"ID token is refused: {fault}"):
        impostor.sign_in()


def test_a_token_may_be_right_in_another_way_and_clocks_differ_a_little(impostor):
    half = hashlib.sha256(impostor.access_token.encode()).digest()[:16]
    claims = {"aud": ["another-client", "phuqr"], "azp": "phuqr", "at_hash": impostor.encode(half)}
    for clock in ({"exp": -30}, {"iat": 30}):
        impostor.claims = since_now(claims | clock)
        assert impostor.sign_in().name == "ductho"


def test_a_token_signed_with_another_key_is_refused(impostor, refused):
    impostor.key = impostor.make_key(which=1)
    with refused("ID token is refused: bad_signature"):
        impostor.sign_in()


@pytest.mark.parametrize("token", ["", "a.b.c", "é.é.é", ["alg"], {"alg": []}, {"alg": "RS256", "kid": []}])
def test_what_is_no_token_is_refused(impostor, refused, token):
    made = token if isinstance(token, str) else f"{impostor.encode(token)}.{impostor.encode({})}."
    impostor.token["id_token"] = made
    with refused("ID token is refused"):
        impostor.sign_in()


def test_what_is_signed_but_holds_no_claims_is_refused(impostor, refused):
    sign = JWSRegistry.algorithms["RS256"].sign
    for payload in ([], b"{"):
        text = f"{impostor.encode(impostor.header)}.{impostor.encode(payload)}"
        impostor.token["id_token"] = f"{text}.{impostor.encode(sign(text.encode(), impostor.key))}"
        with refused("ID token is refused: invalid_payload"):
            impostor.sign_in()


def test_a_claim_that_cannot_even_be_compared_is_refused(impostor, refused):
    provider, sign = impostor.provider(), JWSRegistry.algorithms["RS256"].sign
    pending = impostor.begin(provider)
    impostor.claims = {"at_hash": "\ud800"}
    impostor.token["id_token"] = impostor.forge(impostor.header, lambda text: sign(text, impostor.key))
    with refused("ID token is refused: UnicodeEncodeError"):
        provider.finish(impostor.callback, {"code": impostor.code, "state": pending["state"]}, pending)


def test_keys_are_asked_for_again_once_when_the_token_names_one_that_is_not_known(impostor, refused):
    provider = impostor.provider()
    impostor.sign_in(provider)
    impostor.sign_in(provider)
    assert (impostor.asked.count("/keys"), impostor.asked.count(WELL_KNOWN)) == (1, 1)
    impostor.key = impostor.make_key(kid="second")
    impostor.header["kid"] = "second"
    with refused("ID token is refused: invalid_key_id"):
        impostor.sign_in(provider)
    assert impostor.asked.count("/keys") == 2
    impostor.published = [impostor.key.as_dict(private=False)]
    assert impostor.sign_in(provider).name == "ductho"
    assert (impostor.asked.count("/keys"), impostor.asked.count(WELL_KNOWN)) == (3, 1)


def test_metadata_and_keys_are_read_again_after_their_time(impostor, refused, monkeypatch):
    provider = impostor.provider()
    monkeypatch.setattr(oidc, "METADATA_S", 0)
    impostor.sign_in(provider)
    impostor.published = [impostor.make_key(which=1).as_dict(private=False)]
    with refused("ID token is refused: bad_signature"):
        impostor.sign_in(provider)
    assert impostor.asked.count(WELL_KNOWN) == 4


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": 1}, {"keys": [{"kty": "RSA", "n": "AQ", "e": "AQ"}]}])
def test_what_is_no_key_set_is_refused(impostor, refused, keys):
    impostor.answers["/keys"] = keys
    with refused("identity provider's keys cannot be read"):
        impostor.sign_in()


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"state": None}, "another sign-in"),
        ({"state": "another"}, "another sign-in"),
        ({"state": None, "error": "access_denied"}, "another sign-in"),
        ({"error": "access_denied"}, "did not sign the person in: access_denied"),
        ({"error": "a\nforged line of a log"}, "did not sign the person in: it gave no code"),
        ({"error": ""}, "did not sign the person in"),
        ({"code": None}, "did not sign the person in: it gave no code"),
        ({"iss": "https://another.test"}, "another issuer"),
        ({"iss": "https://another.test", "error": "access_denied"}, "another issuer"),
    ],
)
def test_an_answer_that_was_not_asked_for_is_refused_before_its_code_is_used(impostor, refused, query, fault):
    with refused(fault):
        impostor.sign_in(query=query)
    assert "/token" not in impostor.asked


def test_an_answer_names_its_issuer_where_the_provider_says_so(impostor, refused):
    impostor.metadata["authorization_response_iss_parameter_supported"] = True
    assert impostor.sign_in(query={"iss": impostor.address}).name == "ductho"
    with refused("another issuer"):
        impostor.sign_in()


@pytest.mark.parametrize("lost", ["state", "nonce", "code_verifier"])
def test_without_what_was_begun_no_one_is_signed_in(impostor, refused, lost):
    provider = impostor.provider()
    pending = impostor.begin(provider)
    for begun in ({}, pending | {lost: ""}, {name: text for name, text in pending.items() if name != lost}):
        with refused("no sign-in is under way"):
            provider.finish(impostor.callback, {"code": impostor.code, "state": begun.get("state", "")}, begun)


@pytest.mark.parametrize("issuer", ["https://another.test", None, "{address}/realm", "{address}?a=b"])
def test_the_metadata_of_another_issuer_are_refused(impostor, refused, issuer):
    impostor.metadata["issuer"] = issuer and issuer.format(address=impostor.address)
    with refused("are those of another issuer"):
        impostor.begin()


def test_an_issuer_that_ends_in_a_slash_is_taken_as_it_is_written(impostor, refused):
    impostor.issuer = impostor.metadata["issuer"] = impostor.address + "/"
    assert impostor.sign_in().subject == f"{impostor.address}/|u1"
    impostor.issuer = impostor.address
    with refused(r"invalid_claim \(iss\)"):
        impostor.sign_in()


# What else is not safe, test_oidc_settings tries on the address of the metadata
@pytest.mark.parametrize("url", ["http://provider.test/a", None, 1])
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_nothing_goes_to_an_address_that_is_not_https(impostor, refused, name, url):
    impostor.metadata[name] = url
    impostor.claims["units"] = None
    with refused("must be at an https address"):
        impostor.sign_in()


@pytest.mark.parametrize(("path", "what"), ENDPOINTS)
def test_no_redirection_is_followed(impostor, refused, path, what):
    impostor.answers["/elsewhere"] = impostor.answer(path)
    impostor.answers[path] = (307, {"Location": f"{impostor.address}/elsewhere"}, {})
    impostor.claims["units"] = None
    with refused(f"identity provider's {what} cannot be read|gave no ID token"):
        impostor.sign_in()
    assert "/elsewhere" not in impostor.asked


@pytest.mark.parametrize(("path", "what"), ENDPOINTS)
def test_a_provider_that_does_not_answer_is_not_waited_for(impostor, refused, monkeypatch, path, what):
    right = impostor.answer(path)
    monkeypatch.setattr(oidc, "TIMEOUT_S", 0.2)
    impostor.claims["units"] = None
    impostor.answers[path] = lambda: time.sleep(1) or right
    with refused(f"identity provider's {what} cannot be read: ReadTimeout"):
        impostor.sign_in()


@pytest.mark.parametrize("answer", [(500, {}, {}), b"<html>", []])
@pytest.mark.parametrize(("path", "what"), ENDPOINTS)
def test_a_broken_answer_is_refused(impostor, refused, path, what, answer):
    impostor.claims["units"] = None
    impostor.answers[path] = answer
    with refused(f"identity provider's {what} cannot be read|gave no ID token"):
        impostor.sign_in()


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        ({"error": "invalid_grant", "error_description": "words of theirs"}, "token cannot be read: invalid_grant"),
        ({"error": "a\nforged line of a log"}, "token cannot be read: OAuthError"),
        ({"error": {"code": "words of theirs"}}, "token cannot be read: OAuthError"),
        ({"id_token": None}, "gave no ID token"),
        ({"access_token": None}, "gave no ID token or no access token"),
        ({"expires_in": "soon"}, "token cannot be read: ValueError"),
    ],
)
def test_an_answer_without_a_token_is_refused(impostor, refused, token, fault):
    impostor.token = token
    with refused(fault, "words of theirs"):
        impostor.sign_in()


def test_an_access_token_that_is_no_bearer_of_rights_opens_no_userinfo(impostor, refused):
    impostor.token, impostor.claims = {"token_type": "odd"}, {"units": None}
    with refused("identity provider's userinfo cannot be read: unsupported_token_type"):
        impostor.sign_in()
    assert "/userinfo" not in impostor.asked


def test_userinfo_gives_what_the_token_does_not_and_only_that(impostor):
    assert impostor.sign_in().units == ("440",)
    assert "/userinfo" not in impostor.asked
    impostor.userinfo = {"sub": "u1", "units": "18235", "groups": "phuqr lãnh đạo", "preferred_username": "yte"}
    impostor.claims = {"units": None}
    assert impostor.sign_in() == Identity(f"{impostor.address}|u1", "ductho", "district", ("18235",))
    assert impostor.got["/userinfo"][0]["Authorization"] == f"Bearer {impostor.access_token}"
    impostor.claims = {"units": None, "groups": None, "preferred_username": None}
    assert impostor.sign_in() == Identity(f"{impostor.address}|u1", "yte", "leader", ("18235",))


@pytest.mark.parametrize("sub", ["u2", "U1", None])
def test_the_userinfo_of_another_person_is_refused(impostor, refused, sub):
    impostor.claims["units"] = None
    impostor.userinfo = {"sub": sub, "units": ["440"]}
    with refused("userinfo is that of another person"):
        impostor.sign_in()
