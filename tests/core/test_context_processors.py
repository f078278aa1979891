from django.urls import reverse

from tests.factories.core import RoleGrantFactory, StaffFactory


def test_tasks_are_not_offered_to_who_may_not_see_them(client, brand):
    somebody = StaffFactory(brand=brand)
    client.force_login(somebody, backend="django.contrib.auth.backends.ModelBackend")
    badge = reverse("core:runs-badge")
    assert client.get(badge).status_code == 403
    assert badge not in client.get(reverse("core:profile")).content.decode()
    RoleGrantFactory(staff=somebody, brand=brand, role="hq_admin")
    assert badge in client.get(reverse("core:profile")).content.decode()
