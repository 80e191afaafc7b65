"""The command that writes empty files to fill in: phuqr template."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from geo import db
from geo.errors import FileError, PhuqrError
from geo.schema import venue_kind
from loaders.templates import write_template

TEMPLATES = {  # kind -> (name of the sheet, module of loaders, its columns)
    "boundaries": ("Địa giới", "boundaries", "COLUMNS"),
    "register": ("Diện phải tạo", "register", "COUNT_COLUMNS"),
    "register-organisations": ("Diện phải tạo", "register", "ORGANISATION_COLUMNS"),
    "venues": ("Địa điểm", "venues", "COLUMNS"),
    "scans": ("Lượt quét", "scans", "VENUE_DAY_COLUMNS"),
    "scans-hourly": ("Lượt quét theo giờ", "scans", "VENUE_HOUR_COLUMNS"),
    "scans-communes": ("Lượt quét theo xã", "scans", "COMMUNE_DAY_COLUMNS"),
    "visits": ("Lượt đến của ca", "visits", "COLUMNS"),
    "inspections": ("Kiểm tra", "inspections", "COLUMNS"),
    "population": ("Dân số", "population", "COLUMNS"),
    "staff": ("Cài đặt ứng dụng", "staff", "COLUMNS"),
    "assessments": ("Tự đánh giá", "assessments", "COLUMNS"),
    "unit-changes": ("Sáp nhập, chia tách", "crosswalk", "COLUMNS"),
    "aliases": ("Tên gọi khác", "aliases", "COLUMNS"),
}

app = typer.Typer()


@app.command()
def template(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=", ".join(TEMPLATES))],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="OUT.xlsx", help="Where to; KIND.xlsx if not said.")
    ] = None,
):
    """Write an empty file with the headers that a loader takes, an example row, and what each column means."""
    if kind not in TEMPLATES:
        raise FileError(f"there is no template {kind}; choose one of {', '.join(TEMPLATES)}")
    out = out or Path(f"{kind}.xlsx")
    write_template(out, TEMPLATES[kind][0], list_columns(kind), _allowed_values())
    typer.echo(f"đã ghi {out}")


def list_columns(kind):
    """The columns of a template; the loader of its kind is imported for them."""
    _, module, columns = TEMPLATES[kind]
    return getattr(import_module(f"loaders.{module}"), columns)


def _allowed_values():
    """The kinds and groups of the database, where there is one to ask."""
    try:
        with db.loading() as connection:
            kinds = connection.execute(
                sa.select(venue_kind.c.name_vi, venue_kind.c.obligation_group).order_by("code")
            ).all()
    except PhuqrError:
        return {}
    groups = sorted({group for _, group in kinds if group})
    return {"kind": [name for name, _ in kinds], "obligation_group": groups}
