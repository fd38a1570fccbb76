"""The one error root. A message says what happened, where, and what to do next."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1
    BAD_INPUT = 2
    ENVIRONMENT = 3
    CONFLICT = 4
    INTERRUPTED = 130


class WinbackError(Exception):
    """Anything Winback tells a person in one line.

    `what` happened, `where` (a file with line and column, a row, a setting) and what to do: `fix`.
    """

    exit_code = Exit.FAILED

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}; {self.fix}" if self.fix else head


class InputError(WinbackError):
    """What a person gave us (a file, an argument, a setting) cannot be used as it is."""

    exit_code = Exit.BAD_INPUT


class SetupError(WinbackError):
    """The machine around us is not ready: a database, a folder, a model, a mail server."""

    exit_code = Exit.ENVIRONMENT


class ConflictError(WinbackError):
    """Somebody or something else was first; nothing was changed."""

    exit_code = Exit.CONFLICT


class IntegrityError(WinbackError):
    """The decision log does not agree with itself or with what it speaks of."""
