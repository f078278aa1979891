import os
import subprocess
import time
from pathlib import Path

import pytest

from launcher import children, places, stack

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """script/server as a person starts it, with a state folder of its own."""

    def __init__(self, var: Path, *arguments: str, **variables: str) -> None:
        self.var = var
        kept = {k: v for k, v in os.environ.items() if k not in stack.PRODUCT_VARIABLES}
        self.env = kept | {"QUNYING_VAR": str(var)} | variables
        self.env.pop("DJANGO_SETTINGS_MODULE", None)
        self.output = var.parent / f"{var.name}.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [ROOT / "script" / "server", "--members", "0", *arguments],
                env=self.env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def words(self) -> str:
        return self.output.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        return self.words.partition("READY ")[2].partition("\n")[0]

    def await_ready(self, seconds: float = 240) -> "Server":
        wait_until(lambda: "READY" in self.words or self.process.poll() is not None, seconds)
        assert "READY" in self.words, self.words
        wait_until(lambda: "Ctrl-C" in self.words or self.process.poll() is not None, 20)
        return self

    def stop(self, signal: int) -> int:
        self.process.send_signal(signal)
        return self.process.wait(120)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [ROOT / "script" / "manage", *arguments]
        return subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=300, check=False
        )

    def left(self) -> set[int]:
        """What still runs on behalf of this server."""
        home = places.cluster_home(places.Places(ROOT, self.var), places.server_account())
        strays = children.working_in(home) | children.working_in(self.var)
        return strays | children.supervised_for(self.var)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(120)

    def clean_up(self) -> None:
        wait_until(lambda: not self.left(), 20)
        places.forget(places.Places(ROOT, self.var))


def wait_until(what, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def static_root(tmp_path_factory):
    """Static files are collected once for all servers, as they are once per checkout."""
    return tmp_path_factory.mktemp("collected") / "static"


@pytest.fixture
def start_server(tmp_path, static_root):
    """Start servers whose state vanishes with the test."""
    started = []

    def start(*arguments: str, name: str = "var", **variables: str) -> Server:
        variables.setdefault("STATIC_ROOT", str(static_root))
        started.append(Server(tmp_path / name, *arguments, **variables))
        return started[-1]

    yield start
    for server in started:
        server.end()
    for server in started:
        server.clean_up()


@pytest.fixture(scope="module")
def fresh_stack():
    """PostgreSQL and Valkey that this module may stop, crash and fill."""
    with stack.throwaway(places.here(), settings="config.settings.test") as servers:
        yield servers
