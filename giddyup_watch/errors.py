"""What can go wrong, sorted by what to do about it."""

from typing import ClassVar


class GiddyupError(Exception):
    """Something that an operator is told about.

    `message` says what happened and to what; `hint` what to do next.
    `exit_code` is what a command ends with when this reaches it.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(GiddyupError):
    """The settings, or the database they name, are not what this program can work with."""

    exit_code = 78


class TransientError(GiddyupError):
    """It may pass by itself: try again later."""

    exit_code = 69


class DatabaseUnavailableError(TransientError):
    """The server cannot be reached, or ended the session."""


class DatabaseBusyError(TransientError):
    """The server was reached, but a lock, a deadlock or a full disk stood in the way."""


class LockBusyError(TransientError):
    """Another session holds the ingest lock; `holder` names it."""

    exit_code = 75

    def __init__(self, message: str, *, hint: str = "", holder: str = "") -> None:
        super().__init__(message, hint=hint)
        self.holder = holder


class PausedError(TransientError):
    """An operator asked that nothing be loaded."""

    exit_code = 75


class RunCanceledError(TransientError):
    """A run has to end although there was more to do; what it had committed stays."""

    exit_code = 75


class NotServingError(TransientError):
    """The daemon takes no orders now; `kind` says why, in a word."""

    exit_code = 75

    def __init__(self, message: str, *, kind: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


class NotReadyError(TransientError):
    """A segment is being written: it is read again when it has come to rest."""

    exit_code = 65


class TreeMissingError(TransientError):
    """The master directory is not there, or cannot be read."""

    exit_code = 66


class PermanentError(GiddyupError):
    """Trying again changes nothing until the content, or a decision, does."""

    exit_code = 65


class SegmentRefusedError(PermanentError):
    """The files of a segment cannot be what they claim to be; nothing of them is loaded."""


class SegmentUnfinishedError(SegmentRefusedError):
    """A CSV ends before its header does: refused too, once nobody can be writing it any more."""


class SegmentAbsentError(PermanentError):
    """A segment, or one of its two CSV files, is not on disk."""


class PermissionDeniedError(GiddyupError):
    """The role or the user may not do this."""

    exit_code = 77
