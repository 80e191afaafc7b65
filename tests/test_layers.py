"""loaders -> geo <- dashboard, and no other arrow."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FORBIDDEN = {
    "geo": {"loaders", "dashboard", "phuqr", "streamlit", "streamlit_folium", "folium", "typer", "click", "rich"},
    "loaders": {"dashboard", "phuqr", "streamlit", "streamlit_folium", "folium"},
    "dashboard": {"loaders", "phuqr"},
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_only_what_it_may(package):
    files = list((ROOT / package).rglob("*.py"))
    assert files
    wrong = {f"{path.relative_to(ROOT)} imports {name}" for path in files for name in imported(path)} & {
        f"{path.relative_to(ROOT)} imports {name}" for path in files for name in FORBIDDEN[package]
    }
    assert not wrong


def test_what_is_read_is_kept_in_three_files_only():
    """data.py by version, unit and window; app.py the geometry, tiles.py the tiles, both by version and unit; text.py and islands.py keep no user's data."""
    caching = [
        path.name
        for path in (ROOT / "dashboard").rglob("*.py")
        if path.parent.name != "bench_pages"  # served by phuqr bench map alone
        and "cache" in path.read_text(encoding="utf-8").replace("cache_ok", "")
    ]
    assert sorted(caching) == ["app.py", "data.py", "islands.py", "text.py", "tiles.py"]


def test_whatever_is_kept_is_kept_by_scope():
    """Streamlit leaves an argument that begins with an underscore out of the key; lru_cache takes them all."""
    for name in ("data.py", "app.py", "tiles.py"):
        tree = ast.parse((ROOT / "dashboard" / name).read_text(encoding="utf-8"))
        kept = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and any("cache" in ast.unparse(each) for each in node.decorator_list)
        ]
        assert kept, name
        assert all("scope" in [argument.arg for argument in node.args.args] for node in kept), name


def test_no_address_outside_is_named_in_what_the_browser_gets():
    for path in (ROOT / "dashboard").rglob("*"):
        if path.suffix in (".py", ".js", ".css"):
            text = path.read_text(encoding="utf-8").replace("http://localhost", "")
            assert not re.search(r"""(https?:|["'(=])//[a-z]""", text), path
