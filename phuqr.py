"""The command `phuqr`."""

import gc
import sys
import tempfile
import traceback

from geo.errors import PhuqrError


def build():
    """The command with its parts; imported here, so that Ctrl-C meanwhile is met by `main`."""
    import typer

    import dashboard.assessments_cli
    import dashboard.campaign_cli
    import dashboard.cli
    import dashboard.daily_cli
    import dashboard.day_cli  # adds to phuqr report
    import dashboard.indicators_cli
    import dashboard.inspection_cli
    import dashboard.lagging_cli
    import dashboard.report_cli
    import dashboard.sending_cli  # adds to phuqr report
    import dashboard.solution_cli
    import dashboard.tracing_cli
    import dashboard.units_cli
    import loaders.cli

    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.add_typer(loaders.cli.app)
    app.add_typer(dashboard.cli.app)
    app.add_typer(dashboard.assessments_cli.app)
    app.add_typer(dashboard.campaign_cli.app)
    app.add_typer(dashboard.indicators_cli.app)
    app.add_typer(dashboard.daily_cli.app)
    app.add_typer(dashboard.solution_cli.app)
    app.add_typer(dashboard.lagging_cli.app)
    app.add_typer(dashboard.units_cli.app)
    app.add_typer(dashboard.tracing_cli.app)
    app.add_typer(dashboard.report_cli.app)
    app.add_typer(dashboard.inspection_cli.app)
    return app


def main():
    """Run the command; what the user can mend is one line on stderr and exit 1, and so is a fault of the program."""
    try:
        gc.disable()  # looking through all that is imported, which stays, takes a tenth of the time that it takes to import
        command = build()
        gc.freeze()
        gc.enable()
        command()
    except KeyboardInterrupt:
        sys.exit(130)
    except PhuqrError as error:
        sys.exit(f"phuqr: {error}")
    except Exception as error:
        with tempfile.NamedTemporaryFile("w", prefix="phuqr-fault-", suffix=".txt", delete=False) as report:
            traceback.print_exc(file=report)
        sys.exit(f"phuqr: a fault of the program ({type(error).__name__}); report it with the file {report.name}")


if __name__ == "__main__":
    main()
