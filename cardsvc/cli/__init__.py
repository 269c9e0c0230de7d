"""The ``cardsvc`` command: one module a command group, imported only when it is called."""

from importlib import import_module
from typing import Final

import click

# command → module of this package that has it as ``command``
_MODULES: Final = {
    "bank-sim": "bank_sim",
    "db": "db",
    "demo": "demo",
    "idcard": "idcard",
    "photo": "photo",
    "profile": "profile",
    "serve": "serve",
    "smartcard": "smartcard",
    "walkthrough": "walkthrough",
    "worker": "worker",
}


class _LazyCommands(click.Group):
    """Commands by name; starting one never pays for importing another's libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        """Return the names in help's order."""
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click calls it so
        """Return the command of that name, or None."""
        module = _MODULES.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(f"cardsvc.cli.{module}").command
        return command


@click.group(cls=_LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cardsvc")
def main() -> None:
    """Counter service for social-security cards: ID card in, working card out."""
