"""The errors a user can meet: one sentence that says what is wrong and what to do."""


class PhuqrError(Exception):
    """Base of every error that the command and the app show as one line."""


class ClusterError(PhuqrError):
    """The private PostgreSQL cluster is missing, refuses to start or cannot be used."""


class DatabaseError(PhuqrError):
    """The database named by DATABASE_URL cannot be reached or lacks what is needed."""


class WindowError(PhuqrError):
    """A window that is no pair of days, or that no boundary vintage covers."""


class UnitError(PhuqrError):
    """An administrative unit that does not exist in the vintage asked for."""


class FileError(PhuqrError):
    """A file that cannot be loaded as a whole: unreadable, a header missing, personal data."""
