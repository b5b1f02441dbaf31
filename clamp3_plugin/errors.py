"""The errors that a user can mend, as a tree.

Clamp3Error
├── InputRefusedError          the file or text was understood well enough to refuse it (exit 4)
│   ├── UnsupportedFormatError     no reader for it
│   ├── BrokenFileError            it is damaged, truncated or not what its name says
│   ├── TooLargeError              it is over a limit
│   └── EmptyContentError          there is no music (or no text) in it
├── MissingFileError           it is not there, or may not be read (exit 4)
├── NoLibraryError             there is nothing to search yet (exit 3)
│   └── EncoderMismatchError       the library was filled by another model
├── LibraryDamagedError        the library cannot be opened (exit 3)
│   └── LibraryNewerError          a newer version of this program made it
├── LibraryFullError           the disk of the library has no room (exit 3)
├── LibraryBusyError           another process is writing to it (exit 3)
├── NoModelError               weights are absent, wrong or damaged (exit 3)
│   ├── GpuMemoryError             there is not enough memory to compute with them
│   └── UnheardError               the model in use reads no recordings
├── NoDaemonError              nobody answers, or it answers another version (exit 3)
│   └── DaemonBusyError            it serves, but not this, or not now
└── UsageError                 the question itself makes no sense (exit 2)

Every class carries a ``code`` (the closed list of the HTTP interface), an ``exit_code`` (that of the
command line) and a ``hint`` (what to do); the message says what is wrong, with the value.
"""


class Clamp3Error(Exception):
    """What a user can mend. Only the command line and the daemon turn it into text."""

    code = "error"
    exit_code = 4

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class InputRefusedError(Clamp3Error):
    """The input was refused, and the message says why."""

    code = "refused"


class UnsupportedFormatError(InputRefusedError):
    """No reader takes this kind of file."""

    code = "unsupported_format"


class BrokenFileError(InputRefusedError):
    """The file is damaged, truncated or not what its name says."""

    code = "broken_file"


class TooLargeError(InputRefusedError):
    """The file is over a limit that protects the machine."""

    code = "too_large"


class EmptyContentError(InputRefusedError):
    """There is nothing in it that an encoder could read."""

    code = "empty"


class MissingFileError(Clamp3Error):
    """The file is not there, or may not be read."""

    code = "not_found"


class NoLibraryError(Clamp3Error):
    """There is nothing to search yet."""

    code = "library_empty"
    exit_code = 3


class EncoderMismatchError(NoLibraryError):
    """The library was filled by another model."""

    code = "encoder_mismatch"


class LibraryDamagedError(Clamp3Error):
    """The library cannot be opened or read."""

    code = "library_damaged"
    exit_code = 3


class LibraryNewerError(LibraryDamagedError):
    """The library was made by a version of this program that this one cannot follow."""


class LibraryFullError(Clamp3Error):
    """There is no room on the disk of the library."""

    code = "disk_full"
    exit_code = 3


class LibraryBusyError(Clamp3Error):
    """Another process holds the writer's lock of the library."""

    code = "library_busy"
    exit_code = 3


class NoModelError(Clamp3Error):
    """Weights are absent, wrong or damaged."""

    code = "model_not_ready"
    exit_code = 3


class GpuMemoryError(NoModelError):
    """There is not enough memory to compute with the weights, or the graphics card has failed."""

    code = "gpu_memory"


class UnheardError(NoModelError):
    """The model in use reads no recordings: no fault of a file, which waits for one that does."""

    code = "unheard"


class NoDaemonError(Clamp3Error):
    """Nobody answers on the daemon's port, or it answers another version of the protocol."""

    code = "no_daemon"
    exit_code = 3


class DaemonBusyError(NoDaemonError):
    """The daemon serves, but not this, or not now."""

    code = "busy"


class UsageError(Clamp3Error):
    """The question itself makes no sense."""

    code = "usage"
    exit_code = 2


def error_of(code: str, message: str, hint: str = "") -> Clamp3Error:
    """Make the error of a code, as it was in another process; an unknown code is a plain one.

    Examples
    --------
    >>> error_of("too_large", "It has 9 GiB.")
    TooLargeError('It has 9 GiB.')
    """
    return _classes(Clamp3Error).get(code, Clamp3Error)(message, hint)


def _classes(root: type[Clamp3Error]) -> dict[str, type[Clamp3Error]]:
    classes: dict[str, type[Clamp3Error]] = {}
    for child in root.__subclasses__():
        classes.update(_classes(child))
    return {**classes, root.code: root}  # where two share a code, the general one
