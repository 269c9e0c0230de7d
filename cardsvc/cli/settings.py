"""The settings of a command, or one sentence that says what is wrong with them."""

import os
import tomllib

from pydantic import ValidationError

from cardsvc.config import CONFIG_VARIABLE, Settings
from cardsvc.errors import Rejected


class SettingsWrong(Rejected, code="cli.settings"):
    """A setting, or the file of them, is missing or malformed; facts: where, why."""


def read_settings() -> Settings:
    """Return the settings of environment and file; raise SettingsWrong, which never repeats a value."""
    file = os.environ.get(CONFIG_VARIABLE, "")
    if file and not os.path.isfile(file):  # noqa: PTH113 - the name is repeated as it was written
        raise SettingsWrong(where=file, why="there is no such file")
    try:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong(where=file, why=str(error)) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise SettingsWrong(where=".".join(map(str, first["loc"])), why=first["msg"]) from None
