"""Settings of what is outside, such as an identity provider: from the environment, or else from .streamlit/secrets.toml."""

import tomllib
from pathlib import Path

import pydantic
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS = Path(".streamlit", "secrets.toml")


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="PHUQR_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )


def read_section(name, settings, error):
    """`settings` (a pydantic class), whole, from PHUQR_<NAME>_*, or else from [name] of SECRETS; None where neither names any.

    error: the class of what is raised where they cannot be used; it quotes nothing of what was given. pydantic_settings'
    SettingsError where a part that is to be JSON is none.
    """
    environment = pydantic.create_model(name, __base__=_Environment, **{name: (settings | None, None)})
    try:
        if named := getattr(environment(), name):
            return named
    except pydantic.ValidationError as fault:
        raise error(f"PHUQR_{name.upper()}_* cannot be used: {_list_faults(fault, name)}") from None
    try:
        table = tomllib.loads(SECRETS.read_text(encoding="utf-8"))
        return pydantic.TypeAdapter(settings).validate_python(table[name]) if name in table else None
    except FileNotFoundError:
        return None
    except pydantic.ValidationError as fault:
        raise error(f"[{name}] of {SECRETS} cannot be used: {_list_faults(fault, name)}") from None
    except (OSError, ValueError) as fault:
        raise error(f"{SECRETS} cannot be read: {fault}") from None


def _list_faults(error, name):
    faults = error.errors(include_input=False, include_context=False, include_url=False)
    places = (".".join(str(part) for part in fault["loc"] if part != name) for fault in faults)
    return "; ".join(f"{place or 'it'}: {fault['msg']}" for place, fault in zip(places, faults, strict=True))
