"""The files for a server of one's own say the same as the launcher and the settings."""

import json
import os
import re
import subprocess

import psycopg2
import pytest
import yaml

from launcher import postgres, provision
from tests.launcher.conftest import ROOT

COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.fixture
def services():
    return yaml.safe_load(COMPOSE)["services"]


def test_every_part_of_the_product_is_there(services):
    assert {"web", "worker", "beat", "migrate", "postgres", "valkey"} == services.keys()


def test_the_example_names_exactly_what_compose_reads():
    read = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    named = set(re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert read == named


def test_every_variable_without_a_default_is_demanded_with_a_message():
    for name in re.findall(r"^([A-Z_]+)=$", EXAMPLE, re.MULTILINE):
        assert f"${{{name}:?" in COMPOSE, name


def test_every_process_of_ours_reads_the_settings_before_anything_else(services):
    checked = "python -m config.checked"
    assert services["worker"]["command"].startswith(checked)
    assert services["beat"]["command"].startswith(checked)
    assert services["migrate"]["command"].startswith(f'sh -c "{checked} && ')
    [command] = re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)
    assert " ".join(json.loads(command)).startswith(f"{checked} gunicorn ")


def test_only_the_one_shot_migration_gets_the_owner(services):
    for name in ("web", "worker", "beat"):
        assert "qunying_owner" not in str(services[name])
    assert "qunying_owner" in services["migrate"]["environment"]["DATABASE_OWNER_URL"]


def test_what_the_settings_demand_is_given(services):
    demanded = set()
    for source in (ROOT / "config" / "settings").glob("*.py"):
        text = source.read_text(encoding="utf-8")
        demanded |= set(
            re.findall(r"env\.(?:text|key_ring|key_bytes|database|redis)\(\"(\w+)\"\)", text)
        )
    assert demanded
    assert demanded <= services["web"]["environment"].keys()


def test_the_container_is_provisioned_like_the_embedded_server(fresh_stack):
    """Run the container's script on a second database of ours, under other names."""
    cluster = fresh_stack.cluster
    script = (ROOT / "docker" / "provision-postgres.sh").read_text(encoding="utf-8")
    env = {
        "PATH": f"{postgres.binaries(cluster.account)}:{os.defpath}",
        "PGHOST": str(cluster.sockets),
        "OWNER_PASSWORD": "o'wner",
        "APP_PASSWORD": "app",
    }
    script = script.replace("qunying", "boxed")
    subprocess.run(["/bin/sh", "-c", script], env=env, check=True, capture_output=True)

    def facts(database, app, owner):
        connection = psycopg2.connect(cluster.dsn(database))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolname = %s, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin "
                "FROM pg_roles WHERE rolname IN (%s, %s) ORDER BY 1",
                [app, app, owner],
            )
            roles = cursor.fetchall()
            cursor.execute(
                "SELECT array(SELECT unnest(setconfig) ORDER BY 1), "
                "has_database_privilege(%s, %s, 'CONNECT,TEMP'), "
                "has_database_privilege('public', %s, 'CONNECT'), "
                "array(SELECT extname FROM pg_extension ORDER BY 1) "
                "FROM pg_db_role_setting WHERE setrole = %s::regrole",
                [app, database, database, app],
            )
            rest = cursor.fetchall()
        connection.close()
        return roles, rest

    ours = facts(provision.DATABASE, provision.APP, provision.OWNER)
    assert facts("boxed", "boxed_app", "boxed_owner") == ours
