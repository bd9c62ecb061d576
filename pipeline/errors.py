"""Every error that Kvarn raises on purpose, and the exit code that each means.

    KvarnError                  1  the machine failed, or a bug
    ├── AlreadyRunning          1  another run holds the lock of this store
    ├── ContractError           1  a stage broke its promise (rows lost, column missing): a bug
    ├── UsageError              2  the command line or an input path is wrong
    │   └── ConfigError         2  kvarn.toml or source.toml: file, key, value, what is allowed
    ├── Blocked                 3  a gate says no, or a person must approve first
    ├── CheckNotRun             4  a check errored or did not run; it blocks like a failure
    ├── StoreDamaged            5  bytes of the store are not those that were written
    └── Unreadable              -  a file or record that is quarantined; never ends a run

A message says what, where (file, record, key), what was expected, and what to do next.
"""

from collections.abc import Iterable


class KvarnError(Exception):
    """Base of all errors meant for the user; shown without a traceback."""

    exit_code = 1


class AlreadyRunning(KvarnError):
    """Another process works on the same store."""


class ContractError(KvarnError):
    """A stage or a file broke the contract between packages; always a bug."""


class UsageError(KvarnError):
    """The call cannot be carried out as given."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file holds a key or value that is not allowed."""


class Blocked(KvarnError):
    """A gate refuses, or an approval is missing."""

    exit_code = 3


class CheckNotRun(KvarnError):
    """A check errored or did not run."""

    exit_code = 4


class StoreDamaged(KvarnError):
    """Stored bytes differ from their checksum, or a part is missing."""

    exit_code = 5


class Unreadable(KvarnError):
    """One file or record cannot be read. `code` is the reason under which it is quarantined."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def one_of(key: str, got: object, allowed: Iterable[object]) -> ConfigError:
    """The error for a value outside a known set, naming the set.

    >>> str(one_of("pii.email", "hide", ["mask", "flag", "drop"]))
    "pii.email = 'hide' is not known; allowed: 'mask', 'flag', 'drop'"
    """
    return ConfigError(f"{key} = {got!r} is not known; allowed: {', '.join(map(repr, allowed))}")
