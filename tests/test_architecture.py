"""House rules that linters cannot express. Each failure names the file and the rule it breaks."""

import ast
import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from celery import Task
from django.db.models import Model

ROOT = Path(__file__).resolve().parents[1]
APPS = ["core", "members", "communities", "events", "analytics"]
# Folders of an app that are Django's or shared by its concepts, and so not concepts.
NOT_CONCEPTS = {"migrations", "management", "templatetags", "kernel"}

ENTRY_POINTS = ["api.py", "console.py", "tasks.py", "admin.py"]
SHARED = ["services", "selectors", "models"]
LAYERS = [*SHARED, "rules", "ports", "tasks", "api", "serializers", "console", "forms", "admin"]
LAYERS += ["presenting"]  # rows as templates show them, where console.py would grow too long
LAYERS += ["listing"]  # core.lists.ports.ListSource: what pages, files and saved views share
LAYERS += ["handlers"]  # core.runs.ports.RunHandler: the steps of a background run
# What a concept puts into another's registry, named for that registry.
LAYERS += ["sections", "criteria", "invariants", "personal", "search", "workbench"]
LAYERS += ["holdings", "timeline"]
# Modules beside the layers, each with its reason in its docstring. Keep this list short.
HELPERS = {
    "communities/broadcasts": {
        "allowances",
        "audience",
        "delivering",
        "drafts",
        "parcels",
        "reconciling",
        "wording",
    },
    "communities/chat": {"channel"},
    "communities/memberships": {"recommending"},
    "communities/group_building": {
        *("applying", "candidates", "checking", "entry", "planning", "report", "seating_sql"),
    },
    "events/calendar": {"batching"},
    "events/registrations": {"batching"},
    "core/audit": {"anchors"},
    "core/data_inventory": {"checks"},
    "core/exports": {"gate", "writing"},
    "core/files": {"storage"},
    "core/organizations": {"divisions"},
    "core/retention": {"deleting", "emptying", "old_files", "purging"},
    "core/runs": {"heartbeat"},
    "core/search": {"providers"},
    "core/staff": {"passwords", "sessions"},
    "events/points": {"expiring", "posting"},
    "members/custom_fields": {"choosing", "setting"},
    "members/live": {"touching"},
    "members/erasure": {"in_files", "journal", "notes", "tables"},
    "members/imports": {
        "ahead",
        "batching",
        "error_file",
        "fields",
        "member_children",
        "member_custom",
        "member_rows",
        "member_upsert",
        "merged",
        "mixed_up",
        "one_row_each",
        "options",
        "order_rows",
        "order_upsert",
        "preparing",
        "reading",
        "reasons",
        "seen_keys",
        "staging",
        "values",
    },
    "members/lifecycle": {"moving"},
    "members/members": {"searching"},
    "members/orders": {"rfm"},
    "members/duplicates": {"finding"},
    "members/merging": {"moving", "telling"},
    "members/subject_files": {"gathering"},
    "members/segments": {"compiler", "schema", "wording"},
    "members/tags": {
        *("by_hand", "comparing", "counting", "from_files", "giving", "handing", "looking_back"),
        *("batching", "console_history", "recording", "retiring", "ruling", "undoing"),
    },
}
# The one helper that another concept may use: signing in ends and opens the sessions of staff.
SHARED_HELPER = "core.staff.sessions"
TABLES_OF_CONTENTS = {"apps", "models", "tasks", "urls", "api_urls", "admin", "__init__"}
# What ``rules`` and ``ports`` may take from Django: words for people, nothing that needs a setup.
PLAIN_DJANGO = {
    "rules.py": {"django.utils.functional", "django.utils.translation"},
    # A port also finds its adapter, which settings name.
    "ports.py": {
        "django.conf",
        "django.utils.functional",
        "django.utils.module_loading",
        "django.utils.translation",
    },
}
WRITES = {"save", "create", "update", "delete", "bulk_create", "bulk_update", "execute"}
WRITES |= {"get_or_create", "update_or_create", "copy_expert"}
WHOLE_CONCEPT = {"bad_inputs", "race"}
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 40

CONCEPTS = [
    path.parent
    for app in APPS
    for path in sorted((ROOT / app).glob("*/__init__.py"))
    if path.parent.name not in NOT_CONCEPTS
]
MODULES = [path for concept in CONCEPTS for path in sorted(concept.rglob("*.py"))]
CODE = [
    path
    for app in [*APPS, "integrations", "config", "launcher"]
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
]


def parse(path):
    return ast.parse(path.read_text())


def nodes(path, *kinds):
    return [node for node in ast.walk(parse(path)) if isinstance(node, kinds)]


def imports(path):
    """Dotted names, so that ``from a.b import c`` gives ``a.b.c``."""
    for node in nodes(path, ast.Import, ast.ImportFrom):
        prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        yield from (prefix + alias.name for alias in node.names)


def modules(node):
    return [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]


def short(path):
    return str(path.relative_to(ROOT))


def each(paths):
    return pytest.mark.parametrize("path", list(paths), ids=short)


def named(*names):
    return each(path for path in MODULES if path.name in names)


@each(CONCEPTS)
def test_concept_says_what_it_is_and_holds_only_layers(path):
    assert ast.get_docstring(parse(path / "__init__.py"))
    found = {entry.stem for entry in path.iterdir()} - {"__pycache__", "__init__"}
    assert found <= {*LAYERS, *HELPERS.get(short(path), ())}


def test_every_name_accepted_here_is_used():
    """A name that nothing has any more would let the next file hide behind it."""
    found = {entry.stem for concept in CONCEPTS for entry in concept.iterdir()}
    tests = {path.stem for app in APPS for path in (ROOT / "tests" / app).glob("*/test_*.py")}
    unused = {name for name in LAYERS if name not in {*found, "serializers", "admin"}}
    unused |= {name for name in WHOLE_CONCEPT if not any(f"test_{name}" in test for test in tests)}
    assert unused == set()


def test_helpers_listed_here_exist_and_say_why():
    for concept, names in HELPERS.items():
        for name in names:
            file = ROOT / concept / f"{name}.py"
            file = file if file.exists() else ROOT / concept / name / "__init__.py"
            assert ast.get_docstring(parse(file)), file


@named(*ENTRY_POINTS)
def test_entry_points_leave_writes_to_services(path):
    calls = nodes(path, ast.Call)
    written = [
        call.lineno
        for call in calls
        if getattr(call.func, "attr", None) in WRITES
        # ``services.create(…)`` is the one call a view may make; dicts are not tables.
        and not is_name(call.func.value, "services")
        and not is_plain_update(call)
    ]
    assert written == []


def is_name(node, suffix):
    return isinstance(node, ast.Name) and (node.id == suffix or node.id.endswith(suffix))


def is_plain_update(call):
    """``context.update({…})``: one positional argument, which no queryset takes."""
    return call.func.attr == "update" and bool(call.args)


@each(MODULES)
def test_concepts_meet_in_services_selectors_models_and_ports(path):
    app, concept = path.relative_to(ROOT).parts[:2]
    others = {tuple(other.relative_to(ROOT).parts) for other in CONCEPTS} - {(app, concept)}
    for name in imports(path):
        imported_app, _, rest = name.partition(".")
        imported_concept, _, rest = rest.partition(".")
        if (imported_app, imported_concept) in others:
            is_shared = f"{name}.".startswith(f"{SHARED_HELPER}.")
            assert is_shared or rest.split(".")[0] in {*SHARED, "ports", "rules"}, name


@named("rules.py", "ports.py")
def test_rules_and_ports_are_plain_python(path):
    """What is imported for hints alone is not there when the program runs."""
    tree = list(ast.walk(parse(path)))
    blocks = [node for node in tree if isinstance(node, ast.If)]
    hints = [n for b in blocks if ast.unparse(b.test) == "TYPE_CHECKING" for n in b.body]
    taken = {
        module
        for node in tree
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node not in hints
        for module in modules(node)
        if module.startswith("django")
    }
    assert taken <= PLAIN_DJANGO[path.name]


@named("services.py", "selectors.py")
def test_services_and_selectors_take_keywords_only(path):
    """A lone argument needs no name: ``require_open(community)``."""
    public = [f for f in parse(path).body if isinstance(f, ast.FunctionDef) and f.name[0] != "_"]
    several = [f for f in public if len([*f.args.args, *f.args.kwonlyargs]) > 1]
    assert [f.name for f in several if f.args.args or f.args.posonlyargs] == []


@named("models.py")
def test_models_do_not_hide_work_in_save(path):
    methods = nodes(path, ast.FunctionDef)
    assert [method.name for method in methods if method.name in {"save", "delete", "clean"}] == []


@each(CODE)
def test_files_and_functions_stay_short(path):
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES
    functions = nodes(path, ast.FunctionDef)
    assert [f.name for f in functions if lines_of_work(f) >= MAX_FUNCTION_LINES] == []


def lines_of_work(function):
    """Without signature and docstring, which are to be as long as their promises need."""
    promises = ast.get_docstring(function) is not None and len(function.body) > 1
    return function.end_lineno - function.body[int(promises)].lineno + 1


@each(CODE)
def test_no_work_is_left_marked_as_missing(path):
    """A stub that looks done is worse than a thing that is not there."""
    assert not re.search(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b", path.read_text())


def is_table_or_task(value):
    is_table = isinstance(value, type) and issubclass(value, Model) and not value._meta.abstract
    return is_table or isinstance(value, Task)


@named("models.py", "tasks.py")
def test_tables_of_contents_leave_nothing_out(path):
    """Django and Celery look in ``<app>/<layer>.py`` and would not miss what it forgets."""
    app, concept = path.relative_to(ROOT).parts[:2]
    module = f"{app}.{concept}.{path.stem}"
    listed = vars(import_module(f"{app}.{path.stem}"))
    declared = {
        name
        for name, value in vars(import_module(module)).items()
        if is_table_or_task(value) and value.__module__ == module
    }
    assert declared <= set(listed)


def test_tables_of_contents_hold_no_logic():
    for app in APPS:
        for name in TABLES_OF_CONTENTS - {"apps"}:
            path = ROOT / app / f"{name}.py"
            if path.exists():
                assert nodes(path, ast.FunctionDef, ast.ClassDef) == [], path


def test_tests_mirror_concepts():
    """``test_<layer>.py``, or ``test_<layer>_<what>.py`` where one file would be too long.

    WHOLE_CONCEPT names what one layer alone cannot show.
    """
    for app in APPS:
        for path in (ROOT / "tests" / app).glob("*/test_*.py"):
            concept = ROOT / app / path.parent.name
            if path.parent.name in NOT_CONCEPTS:
                continue
            words = path.stem.removeprefix("test_").split("_")
            files = {entry.stem for entry in concept.rglob("*")} | WHOLE_CONCEPT
            assert words[0] in files or "_".join(words) in files, path


@each(path for entry in ENTRY_POINTS for path in (ROOT / "tests").rglob(f"test_{entry}"))
def test_entry_points_are_tested_from_outside(path):
    """An open tenant would hide that the entry point forgot to open its own."""
    assert "inside_brand" not in {node.arg for node in nodes(path, ast.arg)}


@named("services.py", *ENTRY_POINTS)
def test_everything_that_acts_is_tested(path):
    """By a file named after the layer, or one beside it that imports the module."""
    app, concept = path.relative_to(ROOT).parts[:2]
    folder, module = ROOT / "tests" / app / concept, f"{app}.{concept}.{path.stem}"
    named_after = list(folder.glob(f"test_{path.stem}*.py"))
    importing = (
        file
        for file in folder.glob("test_*.py")
        if any(f"{name}.".startswith(f"{module}.") for name in imports(file))
    )
    assert named_after or any(importing)


@each(p for p in (ROOT / "templates").rglob("_*.html") if p.parent.name != "kit")
def test_partial_documents_its_context_and_has_a_root_with_an_id(path):
    context, _, rest = path.read_text().partition("#}")
    assert context.startswith("{# Context: ")
    if "{% extends" in rest:
        return  # A drawer or a dialog: the root is its parent's.
    root = rest[rest.index("<") : rest.index(">")]
    assert ' id="' in root


def test_rest_shapes_are_the_strict_ones():
    """REST framework's own would pass over unknown members and turn 5 into "5"."""
    loose = [
        f"{short(path)}:{node.lineno}"
        for path in MODULES
        if path.name in {"api.py", "serializers.py"}
        for node in nodes(path, ast.ClassDef)
        for base in node.bases
        if ast.unparse(base).startswith("serializers.") and ast.unparse(base).endswith("Serializer")
    ]
    assert loose == []


# What the first page of the repository lists; everything else has a folder.
TOP_FOLDERS = {
    *(".ci", "analytics", "bench", "communities", "config", "core", "docker", "docs", "events"),
    *("integrations", "launcher", "locale", "members", "script", "static", "templates", "tests"),
}
TOP_FILES = {
    *(".dockerignore", ".editorconfig", ".env.example", ".gitignore", "Dockerfile"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "README.md", "docker-compose.yml", "manage.py"),
    *("package-lock.json", "package.json", "pyproject.toml"),
    *("requirements-dev.in", "requirements-dev.txt", "requirements-node.txt"),
    *("requirements.in", "requirements.txt"),
}


def test_the_top_of_the_repository_holds_what_is_meant_to_be_there():
    git = ["git", "-C", str(ROOT), "ls-files", "-z"]
    tracked = subprocess.run(git, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a Git checkout")
    paths = [Path(name).parts for name in tracked.stdout.split("\0") if name]
    assert {parts[0] for parts in paths if len(parts) > 1} == TOP_FOLDERS
    assert {parts[0] for parts in paths if len(parts) == 1} == TOP_FILES
