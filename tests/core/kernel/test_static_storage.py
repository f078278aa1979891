import re

from core.kernel.static_storage import ConsoleStaticStorage


def published(tmp_path, files):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    storage = ConsoleStaticStorage(location=str(tmp_path), base_url="/static/")
    done = storage.post_process({name: (storage, name) for name in files})
    assert [error for *_names, error in done if isinstance(error, Exception)] == []
    return {name: (tmp_path / storage.stored_name(name)).read_text() for name in files}


def test_modules_import_each_other_by_their_hashed_names(tmp_path, settings):
    settings.DEBUG = False
    texts = published(
        tmp_path,
        {
            "console/js/a.js": 'import "./b.js";\nimport {\n  one,\n} from "./parts/c.js";\n',
            "console/js/b.js": "const b = 1;\n",
            "console/js/parts/c.js": 'import { b } from "../b.js";\nexport const one = 1;\n',
        },
    )
    names = re.findall(r'"([^"]+)"', texts["console/js/a.js"] + texts["console/js/parts/c.js"])
    assert len(names) == 3
    assert all(re.search(r"\.[0-9a-f]{12}\.js$", name) for name in names)


def test_scripts_of_packages_are_left_alone(tmp_path, settings):
    settings.DEBUG = False
    source = 'import htmx from "./not-there";\n'
    assert published(tmp_path, {"package/x.js": source}) == {"package/x.js": source}
