"""Starts the demo as a user would, in a directory and on ports of its own."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PORTRAITS = ROOT / "var" / "portraits"


class Demo:
    def __init__(self, folder, *, person=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.person = person

    def __enter__(self):
        ready = self.folder / "ready"
        command = [sys.executable, "-m", "cardsvc", "demo", "--port", "0", "--data", str(self.folder)]
        command += ["--ready-file", str(ready)]
        if self.person:
            command += ["--person", str(self.person)]
        self.log = (self.folder / "demo.log").open("wb")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError((self.folder / "demo.log").read_text()[-2000:])
            time.sleep(0.05)
        self.url = ready.read_text()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()

    def id_card(self, **message):
        return ask(self.folder / "id-reader.sock", message)

    def cards(self, **message):
        return ask(self.folder / "cards.sock", message)

    def bank(self, **faults):
        import httpx

        config = (self.folder / "cardsvc.toml").read_text()
        url = next(line.split('"')[1] for line in config.splitlines() if line.startswith("url = "))
        httpx.post(f"{url}/_control/faults", json=faults, trust_env=False).raise_for_status()
        return url


def ask(path, message):
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as line:
        line.settimeout(10)
        line.connect(str(path))
        line.sendall(json.dumps(message).encode() + b"\n")
        return json.loads(line.makefile().readline())


def fake_camera(folder):
    """A camera that sees a portrait: two JPEGs one after the other are a video to Chromium."""
    portrait = Image.open(PORTRAITS / "biden.jpg").convert("RGB")
    frame = Image.new("RGB", (1280, 720), (120, 120, 120))
    scaled = portrait.crop((180, 0, 970, 1100)).resize((517, 720))
    frame.paste(scaled, (380, 0))
    jpeg = folder / "frame.jpg"
    frame.save(jpeg, quality=92)
    path = folder / "camera.mjpeg"
    path.write_bytes(jpeg.read_bytes() * 2)
    return path


def chromium_arguments(camera):
    return [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]
