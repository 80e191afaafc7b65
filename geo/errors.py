"""The errors a user can meet: one sentence that says what is wrong and what to do."""


class PhuqrError(Exception):
    """Base of every error that the command and the app show as one line."""


class ClusterError(PhuqrError):
    """The private PostgreSQL cluster is missing, refuses to start or cannot be used."""


class DatabaseError(PhuqrError):
    """The database cannot be reached, lacks what is needed, or holds what forbids the load."""


class WindowError(PhuqrError):
    """A window that is no pair of days, or whose venues were declared in units of another vintage."""


class BoundaryError(PhuqrError):
    """No boundaries are loaded yet."""


class UnitError(PhuqrError):
    """An administrative unit or an obligation group that does not exist."""


class CampaignError(PhuqrError):
    """A deadline or named window that cannot be kept, or that is not there."""


class FileError(PhuqrError):
    """A file that cannot be loaded as a whole: unreadable, a header missing, personal data."""


class AccountError(PhuqrError):
    """An account, role, password or scope that cannot be given, or a change by who may not make it."""


class ProviderError(PhuqrError):
    """The identity provider is wrongly set up, cannot be reached, or does not vouch for a person phuqr may let in."""


class TracingError(PhuqrError):
    """A rule, review or answer of tracing that cannot be as asked, or traced cases asked for by who may not see them."""


class InspectionError(PhuqrError):
    """A plan or a result of inspections that cannot be kept as asked; why: a name for the fault, by which the page has words of its own."""

    def __init__(self, message, why="other"):
        super().__init__(message)
        self.why = why


class ReportError(PhuqrError):
    """A report that cannot be made, issued or handed out as asked."""


class ReportChangedError(ReportError):
    """A file of an issued report that is not as it was issued."""
