"""A private PostgreSQL for the whole run, and an empty database of either kind for each test that asks."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest

BINARIES = Path("/usr/lib/postgresql/15/bin")


def _as_unprivileged(command, folder):
    """PostgreSQL refuses to run as root; the folder belongs to whom it runs as."""
    if os.geteuid() != 0:
        return command
    shutil.chown(folder, "nobody", "nogroup")
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]


class Cluster:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="cardsvc-pg-"))
        self.folder.chmod(0o700)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        data = self.folder / "data"
        init = [str(BINARIES / "initdb"), "-D", str(data), "-U", "cardsvc", "-A", "trust", "-E", "UTF8"]
        init += ["--locale=C.UTF-8", "--no-sync"]
        subprocess.run(_as_unprivileged(init, self.folder), check=True, stdout=subprocess.DEVNULL, cwd="/")
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "max_connections": 200,
        }
        server = [str(BINARIES / "postgres"), "-D", str(data)]
        for name, value in options.items():
            server += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(_as_unprivileged(server, self.folder), stdout=log, stderr=log, cwd="/")
        self.url = f"postgresql+psycopg://cardsvc@127.0.0.1:{self.port}"
        self._await()

    def _await(self):
        import time

        import psycopg

        for _ in range(200):
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(f"host=127.0.0.1 port={self.port} user=cardsvc dbname=postgres").close()
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def create(self):
        import psycopg

        name = f"test_{uuid.uuid4().hex}"
        dsn = f"host=127.0.0.1 port={self.port} user=cardsvc dbname=postgres"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{self.url}/{name}"

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres():
    if not (BINARIES / "initdb").exists():
        pytest.fail("PostgreSQL is not installed; make test installs it")
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite'}"
    return request.getfixturevalue("postgres").create()


@pytest.fixture(scope="session")
def portraits():
    folder = Path(__file__).resolve().parents[1] / "var" / "portraits"
    if not (folder / "obama.jpg").exists():
        pytest.fail("the test portraits are not there; make test fetches them")
    return folder
