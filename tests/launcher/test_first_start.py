"""A first start as people have it: with demo data, and as somebody who is not root."""

import os
import pwd
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from core.staff.models import Role
from integrations.demo.plan import MAIN_BRAND, SECOND_BRAND
from launcher import children, ephemeral, places, stamps
from tests.launcher.conftest import ROOT

pytestmark = pytest.mark.fault

LOGIN = re.compile(r"^  (\S+) {3,}(\S+) {3,}(.+?) {3,}(\S+)$", re.MULTILINE)
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def logins_of(words, brand):
    """Return the table printed below a brand: user name, password, role, name."""
    table = words.partition("READY ")[2].partition(f"\n{brand}\n")[2]
    return LOGIN.findall(table.partition("\n\n")[0])


def sign_in(url, username, password):
    """Fill in the form as a browser does; return where that leads, and what stands there."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    with browser.open(f"{url}sign-in/", timeout=20) as form:
        token = TOKEN.search(form.read().decode())[1]
    typed = {"csrfmiddlewaretoken": token, "username": username, "password": password, "next": ""}
    with browser.open(f"{url}sign-in/", urlencode(typed).encode(), timeout=20) as page:
        return page.url, page.read().decode()


def test_demo_data_is_loaded_once_and_every_role_signs_in(start_server):
    first = start_server("--members", "300", "--port", "19000").await_ready()
    printed = logins_of(first.words, MAIN_BRAND.name)
    assert {role for _name, _password, role, _person in printed} == set(map(str, Role.labels))
    assert len(printed) == 7
    for username, password, _role, person in printed:
        where, page = sign_in(first.url, username, password)
        assert where == first.url, username
        assert person in page
    assert first.stop(signal.SIGINT) == 0

    again = start_server("--members", "300", "--port", "19000").await_ready()
    assert logins_of(again.words, MAIN_BRAND.name) == printed
    told = (again.var / "log" / "seed_demo.log").read_text(encoding="utf-8")
    assert set(told.splitlines()) == {
        f"{brand.code}: has members already, nothing to do." for brand in (MAIN_BRAND, SECOND_BRAND)
    }


# What a clone does not bring along, and what running it leaves behind.
LEFT_OUT = shutil.ignore_patterns(
    *(".git", "var", ".venv*", "node_modules", "static_build", "__pycache__", ".*cache", "*.mo")
)


USUAL_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Somebody:
    """An account without rights, and what it takes to run a program as it."""

    uid: int
    gid: int

    def run(self, *argv, **more):
        return subprocess.run(
            argv,
            env={"PATH": USUAL_PATH, "HOME": "/"},
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
            **more,
        )


@pytest.fixture
def somebody():
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    try:
        entry = pwd.getpwnam("nobody")  # PostgreSQL wants an account that has a name.
    except KeyError:
        pytest.skip("this machine has no account named nobody")
    return Somebody(entry.pw_uid, entry.pw_gid)


@pytest.fixture
def clone(somebody):
    """A copy of the checkout that belongs to somebody else, with the packages of this one."""
    packages = ROOT / ".venv" / "lib"
    if somebody.run("ls", packages / "python3.11" / "site-packages").returncode:
        pytest.skip("others may not read the packages of this checkout")
    found = somebody.run(
        "sh", "-c", "python3.11 -c 'import sys; print(sys.executable, sys.version)'"
    )
    if found.returncode:
        pytest.skip("others have no Python 3.11 here")
    python, _, version = found.stdout.rstrip("\n").partition(" ")
    # Not in pytest's own folder, which nobody else may enter.
    with ephemeral.folder(Path("/tmp"), "qunying-clone-") as around:  # noqa: S108
        root = around / "checkout"
        shutil.copytree(ROOT, root, symlinks=True, ignore=LEFT_OUT)
        there = places.Places(root, root / "var")
        lend_python(there, packages, Path(python), version)
        lend_node_modules(there)
        for path in (around, root, *root.rglob("*")):
            os.chown(path, somebody.uid, somebody.gid, follow_symlinks=False)
        yield there


def lend_python(there, packages, python, version):
    """Leave what an installation leaves, without installing anything."""
    (there.venv / "bin").mkdir(parents=True)
    there.python.symlink_to(python)
    (there.venv / "lib").symlink_to(packages)
    (there.venv / "pyvenv.cfg").write_text(f"home = {python.parent}\n", encoding="utf-8")
    stamps.write(there.venv / ".made-at", f"{there.root}\n{version}")
    lock = there.root / "requirements.txt"
    stamps.write(there.venv / ".requirements.txt", stamps.digest(files=[lock]))


def lend_node_modules(there):
    there.node_modules.mkdir()
    for package in (ROOT / "node_modules").iterdir():
        if package.name != ".stamp":
            (there.node_modules / package.name).symlink_to(package)
    digest = stamps.digest(str(there.root), "product", files=[there.root / "package-lock.json"])
    stamps.write(there.node_modules / ".stamp", digest)


def test_an_ordinary_user_runs_a_clone(clone, somebody):
    server = clone.root / "script" / "server"
    words = ("--smoke", "--members", "0", "--port", "19100")
    done = somebody.run(server, *words, cwd=clone.root, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Sign-in page: 200" in done.stdout
    assert "Installing" not in done.stdout
    # All of it lies in the clone: an ordinary user may write nowhere else.
    assert (clone.var / "postgres" / "data" / "PG_VERSION").exists()
    assert {path.lstat().st_uid for path in clone.var.rglob("*")} == {somebody.uid}
    assert not children.working_in(clone.var)
    assert not children.supervised_for(clone.var)
