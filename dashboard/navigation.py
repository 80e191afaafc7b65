"""The pages there are, and who may open them: what the gate, the frame of every page and the tests go by."""

from dataclasses import dataclass
from pathlib import Path

from geo.scope import ROLES

SESSION_HEADER = "x-phuqr-session"  # by which the gate tells the pages whose session it is
_PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True)
class Page:
    """A page: its file, the key of its title, the roles that may open it, and whether it has the filters of state.Filters."""

    file: Path
    title: str
    roles: tuple[str, ...]
    filtered: bool = False


LOADING = ("data",)  # roles that may hand files over
# By the last part of the address; the first is where the dashboard opens.
PAGES = {
    "": Page(_PAGES / "coverage_map.py", "title", ROLES, filtered=True),
    "overview": Page(_PAGES / "overview.py", "overview.title", ROLES, filtered=True),
    "hotspots": Page(_PAGES / "hotspots.py", "hotspots.title", ROLES, filtered=True),
    "lagging": Page(_PAGES / "lagging.py", "lagging.title", ROLES, filtered=True),
    "commune": Page(_PAGES / "commune.py", "commune.title", ROLES, filtered=True),
    "sectors": Page(_PAGES / "sectors.py", "sectors.title", ROLES, filtered=True),
    "inspection": Page(_PAGES / "inspection.py", "inspection.title", ROLES),
    "reports": Page(_PAGES / "reports.py", "reports.title", tuple(role for role in ROLES if role != "commune")),
    "data": Page(_PAGES / "data.py", "data.title", (*LOADING, "admin")),
    "accounts": Page(_PAGES / "accounts.py", "accounts.title", ("admin",)),
    "audit": Page(_PAGES / "audit.py", "audit.title", ("admin",)),
}
