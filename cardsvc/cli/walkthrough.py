"""``cardsvc walkthrough``: from ID card to working card, without a browser, through the API a clerk's page uses."""

import contextlib
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx

from cardsvc.cli.exits import faults_as_exit_codes
from cardsvc.errors import BankFault, CardsvcError, InvalidInput

_BANK_PATIENCE = 30.0
_START_PATIENCE = 30.0


class StepFailed(CardsvcError, code="walkthrough.failed"):
    """A step did not do what it should; facts: step, code, title."""


class ServerUnreachable(CardsvcError, code="cli.server_unreachable"):
    """The service named by --server does not answer; facts: server."""


class BankTooSlow(BankFault, code="walkthrough.bank_too_slow"):
    """The bank's word did not come in time; facts: seconds, state."""


@click.command("walkthrough")
@click.option("--photo", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--id-card", type=click.Path(exists=True, path_type=Path), help="Whose ID card is read (JSON).")
@click.option("--server", help="Use a running service and what lies on its readers.")
@click.option("--pcscd/--no-pcscd", default=True, help="Put the card in a real PC/SC reader where one can run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines.")
def command(photo: Path, out: Path, id_card: Path | None, server: str | None, *, pcscd: bool, as_json: bool) -> None:
    """Issue one card and leave photo.jpg, slip.pdf, card.json and timeline.json in OUT.

    Exits 0 only if all of it happened; 2 with the photo's reasons where the photo is refused.
    """
    with faults_as_exit_codes(), contextlib.ExitStack() as running:
        if server and id_card:
            raise InvalidInput(field="id-card", reason="only without --server")
        out.mkdir(parents=True, exist_ok=True)
        url = server or running.enter_context(_own_service(id_card, pcscd=pcscd))
        walk = Walk(url, out, quiet=as_json)
        try:
            reasons = walk.run(photo)
        except httpx.TransportError as error:
            raise ServerUnreachable(server=url) from error
        if as_json:
            click.echo(json.dumps(walk.told | {"refused": reasons}, ensure_ascii=False, indent=2))
    if reasons:
        if not as_json:
            for reason in reasons:
                click.echo(f"  {reason['severity']:6} {reason['zh']} / {reason['en']} [{reason['code']}]", err=True)
        sys.exit(2)


class Walk:
    """The steps, each timed."""

    def __init__(self, url: str, out: Path, *, quiet: bool) -> None:
        self._http = httpx.Client(base_url=url, timeout=60.0, trust_env=False)
        self._out = out
        self._quiet = quiet
        self._tokens: dict[str, str] = {}
        self._order = ""
        self._version = 0
        self.told: dict[str, Any] = {"steps": []}

    def run(self, photo: Path) -> list[dict[str, Any]]:
        """Walk to the end; return the photo's reasons where it is refused, else nothing."""
        for role in ("clerk", "teller"):
            with self._step(f"sign in as {role}"):
                self._sign_in(role)
        with self._step("read the ID card"):
            reading = self._call("clerk", "POST", "/api/v1/devices/id-card/readings")
        with self._step("open the order"):
            self._saw(self._call("clerk", "POST", "/api/v1/orders", json={"reading": reading["id"]}))
            self.told["order"] = self._order
        with self._step("contact and bank"):
            branch = self._call("clerk", "GET", "/api/v1/orders/branches")[0]["branch_code"]
            body = {"version": self._version, "mobile": "13800138000", "branch_code": branch}
            self._saw(self._call("clerk", "PUT", self._at("contact"), json=body))
        with self._step("make the photo to the standard"):
            reasons = self._photo(photo)
        if reasons:
            shown = self._call("clerk", "GET", self._at())
            cancel = {"version": shown["version"], "reason": "photo refused"}
            self._call("clerk", "POST", self._at("cancel"), json=cancel)
            return reasons
        with self._step("print the slip"):
            self._call("clerk", "POST", self._at("slip"))
            (self._out / "slip.pdf").write_bytes(self._raw("clerk", "GET", self._at("slip.pdf")).content)
            shown = self._call("clerk", "GET", self._at())
            self._saw(shown)
        with self._step("sign and confirm"):
            body = {"version": self._version, "signed": True}
            self._saw(self._call("clerk", "POST", self._at("confirm"), json=body))
        with self._step("bank accepts the order"):
            self._await("clerk", lambda seen: seen["state"] == "accepted")
        self._at_branch(shown["slip"]["code"])
        return []

    def _at_branch(self, slip_code: str) -> None:
        branch = f"/api/v1/branch/orders/{self._order}"
        with self._step("branch: scan the slip"):
            self._saw(self._call("teller", "POST", "/api/v1/branch/orders/scan", json={"code": slip_code}))
        with self._step("branch: read the ID card again"):
            self._saw(self._call("teller", "POST", f"{branch}/identify"))
        for name in ("take a blank card", "write the chip", "read it back", "return the data"):
            with self._step(f"branch: {name}"):
                self._saw(self._call("teller", "POST", f"{branch}/advance"))
        with self._step("branch: read the chip"):
            chip = self._call("teller", "GET", f"{branch}/chip")
            self._write("card.json", chip)
        with self._step("branch: enable the card"):
            self._saw(self._call("teller", "POST", f"{branch}/enable"))
        with self._step("bank activates the account"):
            self._await("teller", lambda seen: bool(seen["card"]["financial_active"]))
        with self._step("branch: hand the card over"):
            self._saw(self._call("teller", "POST", f"{branch}/hand-over", json={"received_by": "holder"}))
        with self._step("write the timeline"):
            seen = self._call("teller", "GET", self._at())
            self._write("timeline.json", {"order": self._order, "state": seen["state"], "events": seen["events"]})
        if seen["state"] != "handed_over" or chip["data"]["card_number"] != seen["card"]["card_number"]:
            raise StepFailed(step="end", code=seen["state"], title="the order did not end handed over")

    def _photo(self, photo: Path) -> list[dict[str, Any]]:
        from cardsvc.domain.words import say

        files = {"photo": (photo.name, photo.read_bytes())}
        answer = self._raw("clerk", "POST", self._at("photo"), files=files, refused=422)
        verdict = answer.json()
        if verdict.get("accepted"):
            (self._out / "photo.jpg").write_bytes(self._raw("clerk", "GET", self._at("photo.jpg")).content)
            return []
        if "notes" not in verdict:
            raise StepFailed(step="photo", code=verdict.get("code", ""), title=verdict.get("title", ""))
        return [
            {
                **note,
                "zh": say(note["code"], "zh", value=note["value"], limit=note["limit"]),
                "en": say(note["code"], "en", value=note["value"], limit=note["limit"]),
            }
            for note in verdict["notes"]
        ]

    def _sign_in(self, role: str) -> None:
        from cardsvc.services.seed import DEMO_PASSWORD

        answer = self._http.post("/api/v1/sessions", json={"username": role, "password": DEMO_PASSWORD})
        if answer.status_code != httpx.codes.CREATED:
            raise StepFailed(step="sign in", code=str(answer.status_code), title=answer.text[:200])
        self._tokens[role] = answer.json()["token"]

    def _await(self, role: str, wanted: Any) -> None:
        deadline = time.monotonic() + _BANK_PATIENCE
        pause = threading.Event()
        while True:
            seen = self._call(role, "GET", self._at())
            self._saw(seen)
            if wanted(seen):
                return
            if time.monotonic() > deadline:
                raise BankTooSlow(seconds=int(_BANK_PATIENCE), state=seen["state"])
            pause.wait(0.1)

    def _at(self, part: str = "") -> str:
        return f"/api/v1/orders/{self._order}" + (f"/{part}" if part else "")

    def _saw(self, order: dict[str, Any]) -> None:
        self._order, self._version = order["number"], order["version"]

    def _call(self, role: str, method: str, path: str, **options: Any) -> Any:
        return self._raw(role, method, path, **options).json()

    def _raw(self, role: str, method: str, path: str, *, refused: int = 0, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._tokens[role]}"}
        answer = self._http.request(method, path, headers=headers, **options)
        if answer.is_error and answer.status_code != refused:
            told = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
            raise StepFailed(step=path, code=told.get("code", answer.status_code), title=told.get("title", ""))
        return answer

    def _write(self, name: str, told: Any) -> None:
        (self._out / name).write_text(json.dumps(told, ensure_ascii=False, indent=2), encoding="utf-8")

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        spent = time.perf_counter() - started
        self.told["steps"].append({"step": name, "ms": round(spent * 1000)})
        if not self._quiet:
            click.echo(f"{spent * 1000:7.0f} ms  {name}")


@contextlib.contextmanager
def _own_service(id_card: Path | None, *, pcscd: bool) -> Iterator[str]:
    """Start the demo's surroundings and a service in a temporary directory; yield its address."""
    from cardsvc.cli.processes import Child, free_port
    from cardsvc.cli.stack import Stack, write_config

    with tempfile.TemporaryDirectory(prefix="cardsvc-walk-") as folder, contextlib.ExitStack() as running:
        port = free_port()
        stack = running.enter_context(Stack(Path(folder), port=port, person=id_card, pcscd=pcscd))
        config = Path(folder) / "cardsvc.toml"
        write_config(stack.around, config)
        environment = {**stack.around.environment, "CARDSVC_CONFIG": str(config)}
        child = Child(["serve"], log=Path(folder) / "logs" / "serve.log", environment=environment)
        running.callback(child.stop)
        child.ready_line()
        yield f"http://127.0.0.1:{port}"
