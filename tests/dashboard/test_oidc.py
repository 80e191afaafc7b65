"""Signing in by OpenID Connect at a real provider, canaille."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from dashboard.oidc import Identity, Provider

BY_GROUP = {"scopes": "openid profile groups", "units_claim": "groups", "units": {"Sở Y tế": ["42"], "khác": ["440"]}}


@pytest.fixture
def begin(canaille, settings_for):
    """A function that enrols an office and begins its sign-in: the provider, what it keeps, what the browser brings back."""

    def begin(name, *groups, department=None, consent="accept", **settings):
        canaille.enrol(name, *groups, department=department)
        provider = Provider(settings_for(canaille.address, **settings or BY_GROUP))
        address, pending = provider.begin(canaille.callback)
        back = canaille.walk_through(address, name, consent)
        return provider, dict(parse_qsl(urlsplit(back).query)), pending

    return begin


def test_an_office_signs_in_with_the_role_and_the_unit_of_its_groups(canaille, begin, refused):
    provider, query, pending = begin("So.TTTT", "phuqr lãnh đạo", "Sở Y tế")
    identity = provider.finish(canaille.callback, query, pending)
    assert identity == Identity(f"{canaille.address}|So.TTTT", "so.tttt", "leader", ("42",))
    with refused("token cannot be read: invalid_grant", query["code"]):
        provider.finish(canaille.callback, query, pending)


def test_an_office_signs_in_for_the_unit_whose_code_a_claim_holds(canaille, begin):
    claims = {"scopes": "openid profile groups", "units_claim": "website"}
    provider, query, pending = begin("ductho", "phuqr huyện", department="440", **claims)
    identity = provider.finish(canaille.callback, query, pending)
    assert identity == Identity(f"{canaille.address}|ductho", "ductho", "district", ("440",))


def test_an_office_without_a_role_is_refused(canaille, begin, refused):
    provider, query, pending = begin("yte", "Sở Y tế")
    with refused(r"'\S+\|yte' cannot sign in: groups must give one role and gives none"):
        provider.finish(canaille.callback, query, pending)


def test_an_office_that_does_not_consent_is_not_signed_in(canaille, begin, refused):
    provider, query, pending = begin("kyanh", "phuqr lãnh đạo", "Sở Y tế", consent="deny")
    with refused("did not sign the person in: access_denied"):
        provider.finish(canaille.callback, query, pending)


@pytest.mark.parametrize(
    ("name", "changes", "verifier", "fault"),
    [("cdc", {}, "a" * 64, "invalid_grant"), ("sgtvt", {"client_secret": "another secret"}, None, "invalid_client")],
)
def test_the_provider_itself_refuses_a_code_without_its_verifier_or_the_clients_secret(
    canaille, begin, refused, name, changes, verifier, fault
):
    provider, query, pending = begin(name, "phuqr lãnh đạo", "Sở Y tế", **BY_GROUP | changes)
    pending["code_verifier"] = verifier or pending["code_verifier"]
    with refused(f"token cannot be read: {fault}"):
        provider.finish(canaille.callback, query, pending)
