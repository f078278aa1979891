import os
from contextlib import contextmanager

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import celery_app
from core.api_keys.services import create_api_key
from core.kernel.access import Permission, system_viewer
from core.kernel.scoping import tenant
from launcher import browser
from tests.factories.core import BrandFactory, RoleGrantFactory, StaffFactory

pytest.register_assert_rewrite("tests.bad_inputs", "tests.refusals")
# What signing in and opening the tenant cost any request, whatever its view does.
REQUEST_OVERHEAD = [
    "SAVEPOINT",
    "app.brand_id",
    '"core_staffsession"',
    'FROM "core_staff"',
    'FROM "core_rolegrant"',
]


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """Migrate as the owner; run the tests as the application's own, weaker role."""
    owner, app = connections["owner"], connections["default"]
    real_name = owner.settings_dict["NAME"]
    role = app.settings_dict["USER"]
    with django_db_blocker.unblock():
        # Parallel test processes share the server, each with a database of its own.
        process = os.environ.get("PYTEST_XDIST_WORKER", "")
        owner.settings_dict["TEST"]["NAME"] = f"test_{real_name}{process}"
        test_name = owner.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        with owner.cursor() as cursor:
            # Tests only: the flush after a transactional test truncates, which no policy stops.
            cursor.execute(f'GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO "{role}"')
            # So that tests can give the planner statistics of rows no other session sees.
            cursor.execute(f'GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO "{role}"')
            # Factories make the cities they need; the product only reads them.
            cursor.execute(f'GRANT INSERT, UPDATE, DELETE ON core_city TO "{role}"')
        app.settings_dict["NAME"] = test_name
        yield
        with app.cursor() as cursor:
            # A browser's last request may still be at work in a thread of its own.
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
                " AND usename = current_user AND pid <> pg_backend_pid()",
                [test_name],
            )
        app.close()
        owner.creation.destroy_test_db(real_name, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def all_tasks():
    """Register every task, as a worker does when it starts."""
    celery_app.loader.import_default_modules()


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests that drive one: Playwright allows one loop per thread."""
    from playwright.sync_api import sync_playwright

    found = browser.find()
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(
            executable_path=str(found.executable), env=dict(found.env), args=list(found.args)
        )
        yield program
        program.close()
        # While Playwright's loop runs, Django keeps connections of its own for this thread.
        connections.close_all()


@pytest.fixture
def brand(db):
    return BrandFactory()


@pytest.fixture
def inside_brand(brand):
    """For services and below. Entry points open the tenant themselves, so their tests must not."""
    with tenant(brand.pk):
        yield brand


@pytest.fixture
def actor(brand):
    return system_viewer(brand.pk)


@pytest.fixture
def staff(brand):
    """An HQ admin of the brand."""
    staff = StaffFactory(brand=brand)
    RoleGrantFactory(brand=brand, staff=staff, role="hq_admin")
    return staff


@pytest.fixture
def signed_in(client, staff):
    """A browser session of ``staff``."""
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def api_key(brand, actor):
    """The secret of a program that may do everything for the brand."""
    with tenant(brand.pk):
        _key, secret = create_api_key(
            name="Program",
            permissions=list(Permission),
            expires_at=None,
            actor=actor,
            now=timezone.now(),
        )
    return secret


@pytest.fixture
def query_budget():
    """Fail when a request needs more queries than its view may use."""

    @contextmanager
    def at_most(limit):
        with CaptureQueriesContext(connection) as captured:
            yield
        queries = [query["sql"] for query in captured.captured_queries]
        own = [sql for sql in queries if not any(part in sql for part in REQUEST_OVERHEAD)]
        assert len(own) <= limit, "\n".join(own)

    return at_most
