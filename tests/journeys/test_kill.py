"""SIGKILL between confirmed and accepted: the order arrives once, and nobody has to help."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from cardsvc.cli.processes import free_port
from cardsvc.cli.stack import Stack, write_config
from cardsvc.services.seed import DEMO_PASSWORD

ROOT = Path(__file__).resolve().parents[2]


class Service:
    def __init__(self, folder, around):
        self.environment = {**os.environ, **around.environment, "CARDSVC_CONFIG": str(folder / "cardsvc.toml")}
        self.folder = folder

    def start(self):
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cardsvc", "serve"],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.url = self.process.stdout.readline().split()[1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


@pytest.mark.parametrize("fault", ["down", "F02", "F10"])
def test_the_order_arrives_once_after_a_kill(tmp_path, portraits, fault):
    port = free_port()
    with Stack(tmp_path, port=port, pcscd=False) as stack:
        write_config(stack.around, tmp_path / "cardsvc.toml")
        service = Service(tmp_path, stack.around)
        service.start()
        try:
            with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as http:
                token = http.post("/api/v1/sessions", json={"username": "clerk", "password": DEMO_PASSWORD}).json()
                http.headers["Authorization"] = f"Bearer {token['token']}"
                reading = http.post("/api/v1/devices/id-card/readings").json()
                order = http.post("/api/v1/orders", json={"reading": reading["id"]}).json()
                at = f"/api/v1/orders/{order['number']}"
                contact = {"version": order["version"], "mobile": "13800138000", "branch_code": "0017"}
                http.put(f"{at}/contact", json=contact).raise_for_status()
                picture = (portraits / "obama.jpg").read_bytes()
                http.post(f"{at}/photo", files={"photo": ("p.jpg", picture)}).raise_for_status()
                http.post(f"{at}/slip").raise_for_status()
                wanted = {"down": True} if fault == "down" else {"script": [fault], "stall_seconds": 3}
                httpx.post(f"{stack.around.bank_url}/_control/faults", json=wanted, trust_env=False)
                version = http.get(at).json()["version"]
                told = http.post(f"{at}/confirm", json={"version": version, "signed": True}).json()
                assert told["state"] == "confirmed"
            service.kill()
            httpx.post(f"{stack.around.bank_url}/_control/faults", json={}, trust_env=False)
            service.start()
            with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as http:
                http.headers["Authorization"] = f"Bearer {token['token']}"
                for _ in range(900):
                    seen = http.get(at).json()
                    if seen["state"] != "confirmed":
                        break
                assert seen["state"] == "accepted"
                assert [event["action"] for event in seen["events"]].count("action.accept") == 1
            books = httpx.get(f"{stack.around.bank_url}/_control/ledger", trust_env=False).json()
            assert [row["number"] for row in books["orders"]] == [order["number"]]
        finally:
            service.kill()
    logs = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*.log"))
    assert reading["id_number"] not in logs  # the canary: personal data never reaches a log
    assert reading["name"] not in logs
    assert "13800138000" not in logs
    assert reading["address"] not in logs
    assert json.dumps(reading["address"]).strip('"') not in logs  # nor with its characters escaped
