"""How a provider is set, and what its claims come to here: a name, one role, units."""

import os

import pytest
from pydantic import ValidationError

from dashboard.oidc import WELL_KNOWN, Identity, read_settings

SECRET = "client-secret-of-the-settings"
PROVIDER = "https://sso.tinh.test"
VARIABLES = {
    "PHUQR_OIDC_METADATA_URL": PROVIDER + WELL_KNOWN,
    "PHUQR_OIDC_CLIENT_ID": "12345",
    "PHUQR_OIDC_CLIENT_SECRET": SECRET,
    "PHUQR_OIDC_ROLES": '{"phuqr lãnh đạo": "leader"}',
}
TABLE = f"""
[oidc]
metadata_url = "{PROVIDER}{WELL_KNOWN}"
client_id = "phuqr"
client_secret = "{SECRET}"
scopes = "openid profile groups"
name_claim = "email"
role_claim = "vai_tro"
units_claim = "don_vi"
label = "Đăng nhập"
[oidc.roles]
"phuqr huyện" = "district"
[oidc.units]
"Cụm 1" = ["440", "441"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory without settings, in a process whose environment has none."""
    for name in [name for name in os.environ if name.upper().startswith("PHUQR_OIDC")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    return tmp_path


def set_variables(monkeypatch, **changes):
    for name, value in (VARIABLES | {f"PHUQR_OIDC_{name.upper()}": value for name, value in changes.items()}).items():
        if value is not None:
            monkeypatch.setenv(name, value)


def write_secrets(folder, text):
    (folder / ".streamlit" / "secrets.toml").write_text(text, encoding="utf-8")


def test_settings_come_from_the_environment(folder, monkeypatch, settings_for):
    monkeypatch.setenv("PHUQR_HOME", "elsewhere")
    set_variables(monkeypatch)
    read = read_settings()
    assert read == settings_for(PROVIDER, client_id="12345", client_secret=SECRET, roles={"phuqr lãnh đạo": "leader"})
    assert (read.scopes, read.units) == ("openid profile", {})
    assert (read.name_claim, read.role_claim, read.units_claim) == ("preferred_username", "groups", "units")
    assert read.label == "Đăng nhập bằng hệ thống xác thực của tỉnh"
    set_variables(monkeypatch, units='{"Cụm 1": ["440", "441"]}', label="Vào")
    assert (read_settings().units, read_settings().label) == ({"Cụm 1": ("440", "441")}, "Vào")


def test_settings_come_from_the_secrets_of_the_working_directory(folder, settings_for):
    write_secrets(folder, "[connections]\nurl = 'other'\n" + TABLE)
    claims = {"name_claim": "email", "role_claim": "vai_tro", "units_claim": "don_vi"}
    mapped = {"roles": {"phuqr huyện": "district"}, "units": {"Cụm 1": ("440", "441")}}
    rest = {"client_secret": SECRET, "scopes": "openid profile groups", "label": "Đăng nhập"}
    assert read_settings() == settings_for(PROVIDER, **rest, **claims, **mapped)


def test_the_environment_is_taken_whole_and_not_mixed_with_the_secrets(folder, monkeypatch):
    write_secrets(folder, TABLE)
    set_variables(monkeypatch)
    assert read_settings().roles == {"phuqr lãnh đạo": "leader"}
    assert read_settings().units == {}


def test_where_no_provider_is_named_there_are_no_settings(folder, monkeypatch):
    assert read_settings() is None
    write_secrets(folder, "[connections]\nurl = 'other'\n")
    assert read_settings() is None
    set_variables(monkeypatch, metadata_url="", client_id="", client_secret="", roles="")
    assert read_settings() is None
    (folder / ".streamlit" / "secrets.toml").unlink()
    (folder / ".streamlit").rmdir()
    assert read_settings() is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"client_secret": ""}, "client_secret: Field required"),
        ({"metadata_url": None, "roles": None}, "metadata_url: Field required; roles: Field required"),
        ({"metadata_url": f"http://sso.tinh.test{WELL_KNOWN}"}, "metadata_url: .*https"),
        ({"metadata_url": PROVIDER}, "metadata_url: .*well-known"),
        ({"client_id": " "}, "client_id"),
        ({"roles": "{}"}, "roles"),
        ({"roles": '{"x": "boss"}'}, "roles.x: Input should be 'leader', 'district', .* or 'admin'"),
        ({"roles": '{"": "admin"}'}, "roles"),
        ({"roles": "x=admin"}, "PHUQR_OIDC_ROLES and PHUQR_OIDC_UNITS must each be an object in JSON"),
        ({"units": '{"x": []}'}, "units.x"),
        ({"units": '{"x": ["440", "42"], "y": ["4401"]}'}, "units.y.0"),
        ({"scopes": "profile"}, "scopes: .*openid"),
        ({"role_claims": "x"}, "role_claims"),
    ],
)
def test_settings_that_are_half_filled_or_wrong_are_refused(folder, monkeypatch, refused, changes, fault):
    set_variables(monkeypatch, **changes)
    with refused(fault, SECRET):
        read_settings()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            f'[oidc]\nclient_secret = "{SECRET}"\n',
            r"\[oidc\] of .*secrets.toml cannot be used: metadata_url: Field req",
        ),
        ("oidc = 1\n", r"\[oidc\] of .* cannot be used"),
        (TABLE.replace("label", "lable"), "lable"),
        (TABLE.replace(f'"{SECRET}"', f'["{SECRET}"]'), "client_secret"),
        (TABLE + f'"{SECRET}', r"secrets.toml cannot be read"),
    ],
)
def test_secrets_that_are_half_filled_or_wrong_are_refused(folder, refused, text, fault):
    write_secrets(folder, text)
    with refused(fault, SECRET):
        read_settings()


@pytest.mark.parametrize(
    "url",
    ["http://provider.test/a", "http://127.0.0.1.provider.test/a", "http://localhost.provider.test/a",
     "http://10.0.0.1/a", "http://127.0.0.1@provider.test/a", "http:///a", "https:///a", "ftp://localhost/a",
     "file:///a", "/a", "", "http://[a"],
)  # fmt: skip
def test_a_provider_that_is_not_at_https_is_refused_where_it_is_set(settings_for, url):
    with pytest.raises(ValidationError, match="metadata_url") as caught:
        settings_for(url, client_secret=SECRET)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("address", ["https://sso.tinh.test/realms/tinh", "http://localhost:1", "http://[::1]:1"])
def test_https_and_this_machine_may_be_set(settings_for, address):
    assert settings_for(address).metadata_url == address + WELL_KNOWN


def test_the_secret_is_not_in_what_is_printed(settings_for):
    assert SECRET not in repr(settings_for(PROVIDER, client_secret=SECRET))


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ("phuqr lãnh đạo", "leader"),
        (["Văn phòng", "phuqr huyện", 7, None, ["phuqr lãnh đạo"]], "district"),
        (["phuqr y tế", "phuqr CDC"], "health"),
    ],
)
def test_one_role_comes_out_of_an_offices_groups(impostor, groups, role):
    impostor.claims["groups"] = groups
    assert impostor.sign_in().role == role


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        ([], "none"),
        ("PHUQR LÃNH ĐẠO", "none"),
        ("leader", "none"),
        ({"phuqr lãnh đạo": True}, "none"),
        (["phuqr lãnh đạo", "phuqr huyện"], "district, leader"),
    ],
)
def test_no_role_and_two_roles_are_refused(impostor, refused, groups, found):
    impostor.claims["groups"] = groups
    with refused(f"'{impostor.address}.u1' cannot sign in: groups must give one role and gives {found}$"):
        impostor.sign_in()


UNITS = {"Sở Y tế": ["42"], "Cụm 1": ["440", "441"], "Cụm 2": ["441", "18235"]}
ODD = ["42", "440", "18235", "4", "1234", "123456", "44O", "４４０", "440 ", "", 440, None]


@pytest.mark.parametrize(
    ("claim", "mapping", "units"),
    [
        ("440", {}, ("440",)),
        (["441", "440", "440"], {}, ("440", "441")),
        (ODD, {}, ("18235", "42", "440")),
        ("Sở Y tế", UNITS, ("42",)),
        (["Cụm 1", "Cụm 2", "Cụm 3", "42"], UNITS, ("18235", "440", "441")),
    ],
)
def test_units_come_out_as_codes_or_by_the_mapping(impostor, claim, mapping, units):
    impostor.claims["units"] = claim
    assert impostor.sign_in(units=mapping).units == units


@pytest.mark.parametrize(("claim", "mapping"), [([], {}), ("Sở Y tế", {}), (440, {}), ("440", UNITS)])
def test_without_a_unit_an_office_is_refused(impostor, refused, claim, mapping):
    impostor.claims["units"] = claim
    with refused("cannot sign in: units gives no code of a unit"):
        impostor.sign_in(units=mapping)


def test_where_there_is_no_userinfo_the_token_must_give_all(impostor, refused):
    del impostor.metadata["userinfo_endpoint"]
    assert impostor.sign_in().units == ("440",)
    impostor.claims["units"] = None
    with refused("units gives no code of a unit"):
        impostor.sign_in()


@pytest.mark.parametrize(
    ("claim", "name"),
    [(" So.TTTT@Tinh.test ", "so.tttt@tinh.test"), ("9_-", "9_-"), ("A" * 64, "a" * 64)],
)
def test_a_name_is_written_as_account_names_are(impostor, claim, name):
    impostor.claims["preferred_username"] = claim
    assert impostor.sign_in().name == name


# The last is the Kelvin sign, whose lower case is the letter k
@pytest.mark.parametrize("claim", ["", "a", ".so", "duc tho", "đứcthọ", "a" * 65, "a\nb", 7, "\u212ayanh"])
def test_a_name_that_no_account_may_have_is_refused(impostor, refused, claim):
    impostor.claims["preferred_username"] = claim
    with refused("cannot sign in: preferred_username gives no name"):
        impostor.sign_in()


@pytest.mark.parametrize("sub", ["đứcthọ", "a\nb", "a" * 256])
def test_a_subject_that_openid_connect_does_not_know_is_refused(impostor, refused, sub):
    impostor.claims["sub"] = "a" * 255
    assert impostor.sign_in().subject == f"{impostor.address}|{'a' * 255}"
    impostor.claims["sub"] = sub
    with refused("sub of the ID token is not of 1 to 255 ASCII characters"):
        impostor.sign_in()


def test_the_claims_are_those_that_are_set(impostor):
    impostor.claims |= {"email": "yte@tinh.test", "vai_tro": "r", "don_vi": ["440"], "groups": None, "units": None}
    named = {"name_claim": "email", "role_claim": "vai_tro", "units_claim": "don_vi", "roles": {"r": "data"}}
    assert impostor.sign_in(**named) == Identity(f"{impostor.address}|u1", "yte@tinh.test", "data", ("440",))
