"""Settings: environment ``CARDSVC_*`` over one TOML file, checked at start, frozen."""

import os
import tomllib
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from cardsvc.errors import Rejected

CONFIG_VARIABLE: Final = "CARDSVC_CONFIG"


class SettingsWrong(Rejected, code="config.invalid"):
    """A setting is unknown or malformed, or the settings' file cannot be read; facts: setting, reason."""


class BankSettings(BaseModel):
    """One partner bank's endpoint."""

    model_config = ConfigDict(frozen=True)

    code: str
    name: str
    url: str
    keyid: str  # the bank's key
    public_key: Path
    timeout: float = 10.0


class DeskSettings(BaseModel):
    """One workplace's devices; "" means none."""

    model_config = ConfigDict(frozen=True)

    name: str = "1"
    id_reader: str = ""  # "serial:/dev/ttyUSB0", "serial:socket://10.0.0.5:7000"
    card_reader: str = ""  # "pcsc:NAME PATTERN", "box:CONTROL SOCKET" (in-process simulation)


class Settings(BaseSettings):
    """What an installation decides; every field is in docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="CARDSVC_", env_nested_delimiter="__", frozen=True, extra="forbid")

    data_dir: Path = Path("var/data")
    database_url: str = ""  # default: SQLite in data_dir
    profile: str = "guizhou"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    threads: int = Field(default=64, ge=4)
    node: str = "main"  # the name of this process's audit chain
    secure_cookies: bool = True
    demo: bool = False
    run_worker: bool = True  # deliver the outbox inside the web process
    signing_key: Path | None = None  # Ed25519 private key, PEM
    signing_keyid: str = "agency-1"
    banks: tuple[BankSettings, ...] = ()
    desks: tuple[DeskSettings, ...] = (DeskSettings(),)

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'cardsvc.sqlite').absolute()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, strongest first: arguments, environment, the TOML file named by CARDSVC_CONFIG."""
        del dotenv_settings, file_secret_settings
        found = os.environ.get(CONFIG_VARIABLE, "")
        toml = (TomlConfigSettingsSource(settings_cls, toml_file=Path(found)),) if found else ()
        return (init_settings, env_settings, *toml)


def load_settings() -> Settings:
    """Return the settings of environment and file; raise SettingsWrong naming the first that is wrong."""
    found = os.environ.get(CONFIG_VARIABLE, "")
    if found and not Path(found).is_file():
        raise SettingsWrong(setting=CONFIG_VARIABLE, reason=f"no file {found}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsWrong(setting=".".join(str(part) for part in first["loc"]), reason=first["msg"]) from None
    except (tomllib.TOMLDecodeError, SettingsError) as error:
        raise SettingsWrong(setting=CONFIG_VARIABLE, reason=str(error)) from None
