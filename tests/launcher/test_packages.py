"""The locks: complete, hashed, and silent about where packages come from."""

import json
import re

import pytest

from tests.launcher.conftest import ROOT

LOCKS = ["requirements.txt", "requirements-dev.txt", "requirements-node.txt"]


def pins(name):
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", [*LOCKS, "package.json", "package-lock.json"])
def test_no_lock_names_a_registry(name):
    text = (ROOT / name).read_text()
    assert "resolved" not in text
    assert "--index-url" not in text
    urls = set(re.findall(r"https?://([^/\"]+)", text))
    assert not {host for host in urls if "npm" in host or "pypi" in host or "python" in host}


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes(name):
    entries = re.split(r"\n(?=[a-z])", (ROOT / name).read_text())
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry.splitlines()[0])


def test_the_tools_lock_holds_the_products_packages_at_the_same_versions():
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_the_product_leaves_out_what_would_harm_it():
    product = pins("requirements.txt")
    assert "psycopg2-binary" in product
    assert not {"psycopg", "psycopg-binary", "brotli"} & product.keys()


def test_browser_packages_have_integrity_and_match_the_list():
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    wanted = json.loads((ROOT / "package.json").read_text())
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert lock[f"node_modules/{name}"]["version"] == version
    assert all("integrity" in entry for name, entry in lock.items() if name)
