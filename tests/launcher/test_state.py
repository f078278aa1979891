"""Locks, stamps, secrets, ports and places: what keeps instances apart and steps undone twice."""

import os
import socket
import subprocess
import sys

import pytest

from launcher import ephemeral, keys, locks, places, ports, stamps
from tests.launcher.conftest import ROOT, wait_until

HOLD = """
import sys, time
from pathlib import Path
from launcher import locks
with locks.held(Path(sys.argv[1]), by="the first"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds a lock."""
    command = [sys.executable, "-c", HOLD, tmp_path / "lock"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_held_lock_is_refused_and_says_who_holds_it(tmp_path, holder):
    assert not locks.is_free(tmp_path / "lock")
    with (
        pytest.raises(locks.Taken, match=rf"the first \(process {holder.pid}\)"),
        locks.held(tmp_path / "lock", by="the second"),
    ):
        pass


def test_a_lock_ends_with_its_holder(tmp_path, holder):
    holder.kill()
    holder.wait()
    with locks.held(tmp_path / "lock", by="the second"):
        assert locks.holder(tmp_path / "lock").startswith("the second")


def test_a_stamp_is_current_only_for_the_same_contents(tmp_path):
    source, stamp = tmp_path / "source", tmp_path / "stamp"
    source.write_text("a")
    stamps.write(stamp, stamps.digest("x", files=[source]))
    assert stamps.is_current(stamp, stamps.digest("x", files=[source]))
    assert not stamps.is_current(stamp, stamps.digest("y", files=[source]))
    source.write_text("b")
    assert not stamps.is_current(stamp, stamps.digest("x", files=[source]))


def test_secrets_are_drawn_once_and_are_their_owners_alone(tmp_path):
    first = keys.product_secrets(tmp_path, given={})
    assert first == keys.product_secrets(tmp_path, given={})
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}
    assert len({path.name for path in tmp_path.iterdir()}) == 3


def test_a_given_secret_is_used_and_not_kept(tmp_path):
    assert keys.product_secrets(tmp_path, given={"SECRET_KEY": "mine"})["SECRET_KEY"] == "mine"
    assert not (tmp_path / "secret_key").exists()


def test_the_next_free_port_is_taken(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with ports.listen("127.0.0.1", port) as listener:
            assert listener.getsockname()[1] > port
    assert f"Port {port} is taken" in capsys.readouterr().out


def test_folders_of_killed_makers_are_swept(tmp_path):
    with ephemeral.folder(tmp_path, "t-") as living:
        dead = tmp_path / "t-dead"
        dead.mkdir()
        (dead / "lock").write_text("somebody")
        os.utime(dead, (0, 0))
        os.utime(living, (0, 0))
        with ephemeral.folder(tmp_path, "t-"):
            assert living.exists()
            assert not dead.exists()
    assert not list(tmp_path.iterdir())


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Make checkouts whose outside data goes to a folder of the test."""
    monkeypatch.setattr(places, "SYSTEM_STATE", tmp_path / "system")
    account = places.Account("me", os.getuid(), os.getgid())

    def make(name):
        made = places.Places(tmp_path / name, tmp_path / name / "var")
        made.prepare()
        return made, lambda: places.cluster_home(made, account)

    return make


def test_a_moved_checkout_finds_its_data_again(tmp_path, checkout):
    old, home = checkout("old")
    before = home()
    old.root.rename(tmp_path / "new")
    _, home = checkout("new")
    assert home() == before


def test_a_copied_checkout_gets_data_of_its_own(tmp_path, checkout):
    old, home = checkout("old")
    before = home()
    (tmp_path / "copy" / "var").mkdir(parents=True)
    identity = (old.var / "checkout-id").read_text()
    (tmp_path / "copy" / "var" / "checkout-id").write_text(identity)
    _, copied = checkout("copy")
    assert copied() != before
    assert home() == before


def test_a_fresh_clone_at_an_old_path_gets_data_of_its_own_and_forsakes_the_old(checkout):
    old, home = checkout("here")
    _, neighbour = checkout("there")
    before, _ = home(), neighbour()
    assert places.forsaken(old) == []
    (old.var / "checkout-id").unlink()
    assert home() != before
    assert places.forsaken(old) == [before]


def test_forgetting_takes_the_outside_data_away(checkout):
    made, home = checkout("here")
    there = home()
    if os.geteuid() != 0:
        pytest.skip("only root keeps data outside")
    places.forget(made)
    wait_until(lambda: not there.exists(), 1)
