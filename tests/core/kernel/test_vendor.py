from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from core.kernel.vendor import VendorFinder

pytestmark = pytest.mark.skipif(
    not Path(settings.NODE_MODULES, "@tabler").is_dir(), reason="needs npm ci"
)


def test_what_is_named_is_found_and_nothing_else_leaves_node_modules():
    assert finders.find("vendor/tabler/tabler.min.css")
    for path in (
        "vendor/tabler/tabler.css",
        "vendor/tabler/../js/tabler.min.js",
        "vendor/echarts/../package.json",
        "vendor/noto-sans-sc/package.json",
        "@tabler/core/dist/css/tabler.min.css",
    ):
        assert VendorFinder().find(path) == [], path


def test_every_listed_file_is_also_found_by_its_address():
    finder = VendorFinder()
    listed = [f"{storage.prefix}/{name}" for name, storage in finder.list(ignore_patterns=[])]
    assert "vendor/echarts/echarts.common.min.js" in listed
    assert len([name for name in listed if name.endswith(".woff2")]) > 90
    assert [name for name in listed if not finder.find(name)] == []
