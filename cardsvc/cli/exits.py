"""How a failure leaves a command: one sentence on stderr, the stable code, an exit status by family."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from cardsvc.domain.words import say
from cardsvc.errors import BankFault, CardsvcError, Conflict, DeviceFault, Rejected

EXIT_STATUS: Final[dict[type[CardsvcError], int]] = {Rejected: 1, Conflict: 3, DeviceFault: 4, BankFault: 5}


def exit_status(error: CardsvcError) -> int:
    """Return the status for the error's family: 1 rejected, 3 conflict, 4 device, 5 bank."""
    return next((status for family, status in EXIT_STATUS.items() if isinstance(error, family)), 1)


@contextmanager
def faults_as_exit_codes(language: str = "en") -> Iterator[None]:
    """Turn a CardsvcError into ``error: sentence [code]`` on stderr and its family's exit status."""
    try:
        yield
    except CardsvcError as error:
        click.echo(f"error: {say(error.code, language, **error.facts)} [{error.code}]", err=True)
        sys.exit(exit_status(error))
