"""The demo's surroundings: bank, ID reader and card reader as processes of their own, and the settings that fit."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cardsvc.bank import signing
from cardsvc.cli.processes import Child
from cardsvc.config import BankSettings, DeskSettings, Settings
from cardsvc.services import seed


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was started, and how to steer it."""

    settings: Settings
    environment: dict[str, str]
    bank_url: str
    id_control: Path
    card_control: Path
    pcsc_missing: str  # why cards are in-process instead of in a PC/SC reader, "" where they are


class Stack:
    """Starts everything around the web process in ``folder``; a context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        person: Path | None = None,
        bank_options: tuple[str, ...] = (),
        pcscd: bool = True,
        card_inserted: bool = True,
    ) -> None:
        self._folder = folder.absolute()
        self._port = port
        self._person = person
        self._bank_options = bank_options
        self._pcscd = pcscd
        self._inserted = card_inserted
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Start the processes; raise PartFailed naming the one that does not come up."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.ExitStack() as undo:
            undo.callback(self._running.close)
            self.around = self._start()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End them, last first."""
        self._running.close()

    def _child(self, *arguments: str) -> Child:
        child = Child(arguments, log=self._folder / "logs" / f"{arguments[0]}.log")
        self._running.callback(child.stop)
        return child

    def _start(self) -> Surroundings:
        keys = self._folder / "keys"
        for name in ("signing.pem", "bank.pem"):
            if not (keys / name).exists():
                signing.new_key(keys / name)
        bank = self._child(
            "bank-sim", "--port", "0", "--db", str(self._folder / "bank.sqlite"),
            "--bank-code", seed.DEMO_BANK[0], "--agency-url", f"http://127.0.0.1:{self._port}",
            "--key", str(keys / "bank.pem"), "--agency-key", str(keys / "signing.pub"), *self._bank_options,
        )  # fmt: skip
        link, id_control = self._folder / "id-reader", self._folder / "id-reader.sock"
        person = ("--person", str(self._person)) if self._person else ()
        reader = self._child("idcard", "simulate", "--link", str(link), "--control", str(id_control), *person)
        card_control = self._folder / "cards.sock"
        cards = self._child(
            "smartcard", "simulate", "--folder", str(self._folder / "cards"), "--control", str(card_control),
            "--pcscd" if self._pcscd else "--no-pcscd", "--insert" if self._inserted else "--empty",
        )  # fmt: skip
        bank_url = bank.ready_line().removeprefix("ready ")
        reader.ready_line()
        told = json.loads(cards.ready_line())
        by_pcsc = "pcsc_socket" in told
        settings = Settings(
            data_dir=self._folder,
            port=self._port,
            demo=True,
            secure_cookies=False,
            signing_key=keys / "signing.pem",
            banks=(
                BankSettings(
                    code=seed.DEMO_BANK[0],
                    name=seed.DEMO_BANK[1],
                    url=bank_url,
                    keyid="bank-1",
                    public_key=keys / "bank.pub",
                    timeout=5.0,
                ),
            ),
            desks=(
                DeskSettings(
                    name="1",
                    id_reader=f"serial:{link}",
                    card_reader=f"pcsc:{told['reader']}" if by_pcsc else f"box:{card_control}",
                ),
            ),
        )
        return Surroundings(
            settings=settings,
            environment={"PCSCLITE_CSOCK_NAME": told["pcsc_socket"]} if by_pcsc else {},
            bank_url=bank_url,
            id_control=id_control,
            card_control=card_control,
            pcsc_missing=told["missing"],
        )


def write_config(around: Surroundings, path: Path) -> None:
    """Write the settings as the TOML file that CARDSVC_CONFIG names."""
    settings = around.settings
    lines = [
        f"data_dir = {json.dumps(str(settings.data_dir))}",
        f"port = {settings.port}",
        "demo = true",
        "secure_cookies = false",
        f"signing_key = {json.dumps(str(settings.signing_key))}",
    ]
    for bank in settings.banks:
        lines += ["[[banks]]", *(f"{name} = {_toml(value)}" for name, value in bank.model_dump(mode="json").items())]
    for desk in settings.desks:
        lines += ["[[desks]]", *(f"{name} = {_toml(value)}" for name, value in desk.model_dump(mode="json").items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
