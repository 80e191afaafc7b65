"""The dashboard as `phuqr serve` runs it, with two pages more to measure the map beside; only `phuqr bench map` starts it."""

import os
import signal
import sys
from pathlib import Path

from dashboard.navigation import PAGES, Page
from geo import db
from geo.scope import ROLES

_FOLDER = Path(__file__).parent / "bench_pages"


def main(port):
    """Serve until told to end, on the loopback only."""
    # Before the gate is imported, which reads which pages there are
    PAGES.update({f"bench-{name}": Page(_FOLDER / f"{name}.py", "title", ROLES) for name in ("empty", "plain")})
    from dashboard.app import create_app, run

    db.restrict()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.chdir(Path(__file__).resolve().parents[1])
    run(create_app(), "127.0.0.1", port)


if __name__ == "__main__":
    main(int(sys.argv[-1]))
