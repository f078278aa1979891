import json
from datetime import timedelta

import pytest
from django.utils import timezone

from core.runs import services as runs
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


def test_a_file_is_asked_for_and_told(brand, client, api_key, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    member = MemberFactory(brand=brand, display_name="欧阳若兰")
    headers = {"Authorization": f"Bearer {api_key}"}
    answer = client.post(
        "/api/v1/subject-files/",
        json.dumps({"member": member.pk}),
        content_type="application/json",
        headers=headers,
    )
    assert answer.status_code == 201, answer.content
    runs.work_due(brand_id=brand.pk, clock=timezone.now, budget=timedelta(seconds=30))
    told = client.get(f"/api/v1/subject-files/{answer.json()['id']}/", headers=headers).json()
    assert told["file_id"] is not None
    assert not told["is_whole"]
