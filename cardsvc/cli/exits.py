"""How a failure leaves a command: one sentence on stderr, the stable code, an exit status by family."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from cardsvc.domain.words import say
from cardsvc.errors import BankFault, CardsvcError, Conflict, DeviceFault, Rejected

EXIT_STATUS: Final[dict[type[CardsvcError], int]] = {Rejected: 1, Conflict: 3, DeviceFault: 4, BankFault: 5}


class FileUnusable(Rejected, code="cli.file"):
    """A file or folder cannot be read or written; facts: path, why."""


class PortTaken(Conflict, code="cli.port_taken"):
    """Another program listens on the port; facts: port."""


class DatabaseUnusable(CardsvcError, code="cli.database"):
    """The database does not answer, or refuses; facts: why."""


def exit_status(error: CardsvcError) -> int:
    """Return the status for the error's family: 1 rejected, 3 conflict, 4 device, 5 bank."""
    return next((status for family, status in EXIT_STATUS.items() if isinstance(error, family)), 1)


@contextmanager
def faults_as_exit_codes(language: str = "en") -> Iterator[None]:
    """Turn what stops a command into ``error: sentence [code]`` on stderr and its family's exit status."""
    try:
        yield
    except CardsvcError as error:
        leave(error, language)
    except BrokenPipeError:
        raise  # whoever read us went away: click ends quietly
    except OSError as error:
        if error.filename is None:
            raise
        leave(FileUnusable(path=error.filename2 or error.filename, why=error.strerror or ""), language)
    except Exception as error:
        if not _of_the_database(error):
            raise
        leave(DatabaseUnusable(why=str(getattr(error, "orig", "") or error).splitlines()[0]), language)


@contextmanager
def port_in_use(port: int) -> Iterator[None]:
    """Turn a listening socket's "address in use" into PortTaken."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(port=port) from error
        raise


def leave(error: CardsvcError, language: str) -> None:
    """Say the error and end the process."""
    click.echo(f"error: {say(error.code, language, **error.facts)} [{error.code}]", err=True)
    sys.exit(exit_status(error))


def _of_the_database(error: Exception) -> bool:
    """Return whether the database itself failed; a command that needs none must not import SQLAlchemy for this."""
    failed = getattr(sys.modules.get("sqlalchemy.exc"), "OperationalError", ())
    return isinstance(error, failed)
