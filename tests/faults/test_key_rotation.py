"""The command that seals anew is killed again and again, and ends with nothing lost."""

import base64
import os
import subprocess
import sys

import pytest

from core.key_rotation.selectors import sealed_fields
from tests.faults.product import ROOT

pytestmark = pytest.mark.fault
PEOPLE, BATCH, KILLED = 60, 7, -9
SEED = """
from django.utils import timezone
from core.kernel.scoping import tenant
from tests.factories.core import BrandFactory
from tests.factories.members import MemberFactory
brand = BrandFactory(code="{code}")
with tenant(brand.pk):
    for n in range(60):
        MemberFactory(brand=brand, phone=f"+861380000{n:04d}")
print(brand.pk)
"""
READ = """
from core.kernel import crypto
from core.kernel.scoping import tenant
from members.profiles.models import Member
with tenant({brand}):
    for cipher in Member.objects.order_by("pk").values_list("phone_cipher", flat=True):
        print(bytes(cipher).partition(b"\\0")[0].decode(), crypto.decrypt(bytes(cipher)))
"""


def key():
    return base64.b64encode(os.urandom(32)).decode()


def test_a_killed_rotation_goes_on(product):
    old, new, code = f"r0:{key()}", f"r1:{key()}", f"rotating-{os.getpid()}"
    brand = int(product.run(SEED.replace("{code}", code), FIELD_KEYS=old))
    both = {"FIELD_KEYS": f"{new},{old}"}
    command = [sys.executable, "manage.py", "rotate_field_keys", f"--batch={BATCH}"]
    command.append(f"--brand={code}")

    def rotate(**variables):
        environment = product.stack.env | both | variables
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    positions = []
    # Fields that come before the members' hold nothing: a batch each.
    empty = [field.label for field in sealed_fields()].index("members.Member")
    for passage in (2 + empty, 2, 2):  # what is finished is passed over when it is run again
        fault = f"key_rotation.after_batch=kill@{passage}"
        assert rotate(FAULT_POINTS=fault).returncode == KILLED
        positions.append(product.one(brand, "SELECT sum(rewritten) FROM core_keyrotation"))
    assert positions == [2 * BATCH, 4 * BATCH, 6 * BATCH]
    ended = rotate()
    assert ended.returncode == 0, ended.stderr
    assert "r0  may be dropped" in ended.stdout
    lines = product.run(READ.format(brand=brand), FIELD_KEYS=new).splitlines()
    assert lines == [f"r1 +861380000{n:04d}" for n in range(PEOPLE)]
