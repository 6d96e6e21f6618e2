"""Export: projects that Wrangler's rules accept, and that come back as the same system."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workernb.assembly
from workernb.errors import UsageError
from workernb.runtime.services.definitions import Definition
from workernb.wrangler.export.files import MANIFEST, export_files, write_files
from workernb.wrangler.export.project import projects
from workernb.wrangler.finding import find_workers

assert workernb.assembly  # It registers the kinds of stores.

SOURCE = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("data")
"""


def make(name="auth", source=SOURCE, **settings):
    return Definition.make(name, source, **settings)


def config(files, name="auth"):
    return json.loads(files[f"{name}/wrangler.jsonc"])


def imported(folder):
    return [worker.definition(None) for worker in find_workers([str(folder)])]


def test_a_project_has_configuration_and_source():
    files = export_files([make(modules={"prices.py": "\nPRICE = 3\n"}, public=True)])
    assert config(files) == {
        "$schema": "../node_modules/wrangler/config-schema.json",
        "name": "auth",
        "main": "src/entry.py",
        "compatibility_date": "2026-08-22",
        "compatibility_flags": ["python_workers"],
        "workers_dev": True,
    }
    assert files["auth/src/entry.py"] == SOURCE.removeprefix("\n")
    assert files["auth/src/prices.py"] == "PRICE = 3\n"


def test_keys_that_are_not_inherited_are_in_each_environment():
    services = {"AUTH": "auth"}
    files = export_files(
        [
            make("gateway", services=services, crons=["* * * * *"], routes=["example.com/*"]),
            make("gateway", services=services, environment="staging"),
        ]
    )
    (staging,) = config(files, "gateway")["env"].values()
    assert staging["services"] == [{"binding": "AUTH", "service": "auth"}]
    # The top level's would be inherited.
    assert staging["routes"] == []
    assert staging["triggers"] == {"crons": []}
    assert "main" not in staging


def test_an_environment_with_code_of_its_own():
    files = export_files([make(), make(source="\nOTHER = 1\n", environment="staging")])
    assert config(files)["env"]["staging"]["main"] == "src-staging/entry.py"
    assert files["auth/src-staging/entry.py"] == "OTHER = 1\n"


def test_an_environment_without_a_top_level_is_a_project():
    files = export_files([make(environment="staging")])
    assert config(files, "auth-staging")["name"] == "auth-staging"


def test_packages_of_imports():
    source = "import json, numpy, prices, workers, js\nfrom yaml import load\nimport asgi\n"
    files = export_files([make(source=source, modules={"prices.py": "import pydantic"})])
    project = files["auth/pyproject.toml"]
    for name in ("numpy", "pydantic", "pyyaml"):
        assert f'    "{name}",\n' in project
    for name in ("json", "prices", "workers", "js", "asgi"):
        assert f'"{name}"' not in project


def test_values_of_secrets_only_where_asked_for():
    definition = make(secrets={"TOKEN": "s3cret-value"})
    files = export_files([definition])
    assert not any("s3cret-value" in text for text in files.values())
    assert config(files)["secrets"] == {"required": ["TOKEN"]}
    with_values = export_files([definition], dev_vars=True)
    assert [path for path, text in with_values.items() if "s3cret-value" in text] == [
        "auth/.dev.vars"
    ]
    assert ".dev.vars*" in with_values[".gitignore"]


def test_a_secret_that_no_dev_vars_file_can_hold():
    with pytest.raises(UsageError, match="The value of the secret TOKEN cannot be written") as e:
        export_files([make(secrets={"TOKEN": "a'b\"c`d"})], dev_vars=True)
    assert "a'b" not in str(e.value)


def test_the_order_of_deployment_and_stubs_for_circles():
    files = export_files(
        [
            make("a", services={"B": "b"}),
            make("b", services={"C": "c", "A": "a#Admin"}, tails=["z"]),
            make("c"),
            make("z"),
        ]
    )
    commands = [line for line in files["README.md"].splitlines() if "deploy -c" in line]
    assert [line.removeprefix("npx wrangler deploy -c ") for line in commands] == [
        "stubs/b/wrangler.jsonc",
        "c/wrangler.jsonc",
        "z/wrangler.jsonc",
        "a/wrangler.jsonc",
        "b/wrangler.jsonc",
    ]
    assert config(files, "stubs/b") == {
        "name": "b", "main": "index.js", "compatibility_date": "2026-08-22", "workers_dev": False,
    }  # fmt: skip


def test_the_readme_says_what_stayed():
    files = export_files([make(limits={"cpu_ms": 50, "wall_ms": 100}, origin="auth", tag="x")])
    assert "- `auth`: limit wall_ms=100, origin auth, tag x" in files["README.md"]
    assert config(files)["limits"] == {"cpu_ms": 50}


def test_workerds_configuration():
    text = export_files(
        [
            make("auth", secrets={"TOKEN": "x"}, vars={"PORTS": [80], "A": 'a"b\n'}),
            make("web-shop", services={"AUTH": 'auth#Admin{"role": "x"}'}, public=True,
                 kv_namespaces={"CACHE": "c"}),
        ]
    )["workerd.capnp"]  # fmt: skip
    assert (
        '(name = "web-shop", address = "127.0.0.1:8787", http = (), service = "web-shop")' in text
    )
    assert '(name = "TOKEN", fromEnvironment = "AUTH_TOKEN"),' in text
    assert '(name = "A", text = "a\\"b\\n"),' in text
    assert 'service = (name = "auth", entrypoint = "Admin", props = (json = "{\\"role' in text
    assert "# CACHE: KV namespace, which workerd has none of by itself" in text
    assert 'pythonModule = embed "web-shop/src/entry.py"' in text


def test_a_javascript_worker():
    source = "\nexport default { fetch() { return new Response(1) } }\n"
    files = export_files(
        [make(source=source, language="javascript", modules={"data.json": "\n{}"}, public=True)]
    )
    assert files["auth/src/index.js"] == source.removeprefix("\n")
    assert "compatibility_flags" not in config(files)
    assert "auth/pyproject.toml" not in files
    assert '(name = "index.js", esModule = embed "auth/src/index.js")' in files["workerd.capnp"]
    assert '(name = "data.json", json = embed "auth/src/data.json")' in files["workerd.capnp"]


def test_durable_objects_have_migrations():
    files = export_files(
        [
            make("counter", durable_objects={"OWN": "#Counter"}),
            make("gateway", durable_objects={"COUNTERS": "counter#Counter"}),
        ]
    )
    counter = config(files, "counter")
    assert counter["durable_objects"] == {"bindings": [{"name": "OWN", "class_name": "Counter"}]}
    assert counter["migrations"] == [{"tag": "v1", "new_sqlite_classes": ["Counter"]}]
    assert config(files, "gateway")["durable_objects"] == {
        "bindings": [{"name": "COUNTERS", "class_name": "Counter", "script_name": "counter"}]
    }
    assert "migrations" not in config(files, "gateway")
    text = files["workerd.capnp"]
    assert 'durableObjectNamespace = (className = "Counter", serviceName = "counter")' in text
    assert '(className = "Counter", uniqueKey = "counter-Counter", enableSql = true),' in text


def test_producers_and_consumers_of_queues():
    files = export_files([make(queues={"JOBS": "jobs"}, consumers={"jobs": {"max_batch_size": 3}})])
    assert config(files)["queues"] == {
        "producers": [{"binding": "JOBS", "queue": "jobs"}],
        "consumers": [{"queue": "jobs", "max_batch_size": 3}],
    }


def test_nothing_to_export():
    with pytest.raises(UsageError, match="There are no Workers to export"):
        export_files([])


def test_files_that_were_changed_by_hand_are_kept(tmp_path):
    files = export_files([make(modules={"prices.py": "\nA = 1\n"})])
    write_files(files, tmp_path)
    write_files(export_files([make()]), tmp_path)  # What the export has written may be replaced.
    assert not (tmp_path / "auth/src/prices.py").exists()
    (tmp_path / "auth/src/entry.py").write_text("mine")
    with pytest.raises(UsageError, match=r"were changed.*auth/src/entry\.py.*--force"):
        write_files(export_files([make(source="\nnew\n")]), tmp_path)
    assert (tmp_path / "auth/src/entry.py").read_text() == "mine"
    write_files(export_files([make(source="\nnew\n")]), tmp_path, force=True)
    assert (tmp_path / "auth/src/entry.py").read_text() == "new\n"


def test_a_folder_with_other_things(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(UsageError, match=r"README\.md"):
        write_files(export_files([make()]), tmp_path)
    assert not (tmp_path / MANIFEST).exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_files(export_files([make()]), tmp_path / "file" / "below", force=True)


def test_dev_vars_are_for_their_owner_alone(tmp_path):
    write_files(export_files([make(secrets={"A": "b"})], dev_vars=True), tmp_path)
    assert stat.S_IMODE((tmp_path / "auth/.dev.vars").stat().st_mode) == 0o600


# Export, then import: the same system.

_names = st.sampled_from(["auth", "gateway", "shop", "logger"])
_bindings = st.sampled_from(["AUTH", "SHOP", "A1", "lower", "LIMIT"])
# A byte order mark at the beginning of a file is none of its text.
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), max_size=20)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)
_targets = st.builds(
    lambda name, rest: name + rest,
    _names,
    st.sampled_from(["", "@staging", "#Admin", '@staging#Admin{"role": "reader"}']),
)
_one_binding = st.one_of(
    st.tuples(st.just("services"), _targets),
    st.tuples(st.just("vars"), _json),
    st.tuples(st.just("secrets"), st.text("abc 'xyz#=", min_size=1, max_size=9)),
    st.tuples(st.just("version_metadata"), st.none()),
    st.tuples(st.just("kv_namespaces"), st.sampled_from(["cache", "a b"])),
    st.tuples(st.just("d1_databases"), st.just("shop")),
    st.tuples(st.just("r2_buckets"), st.just("files")),
    st.tuples(st.just("queues"), st.sampled_from(["jobs", {"queue": "jobs", "delivery_delay": 3}])),
    st.tuples(st.just("durable_objects"), st.sampled_from(["#Counter", "gateway#Room"])),
    st.tuples(
        st.just("ratelimits"),
        st.fixed_dictionaries({"limit": st.integers(1, 9), "period": st.sampled_from([10, 60])}),
    ),
)


@st.composite
def _definitions(draw):
    name = draw(_names)
    keywords = {}
    for binding, (keyword, value) in draw(st.dictionaries(_bindings, _one_binding)).items():
        if keyword == "version_metadata":
            keywords[keyword] = binding
        else:
            keywords.setdefault(keyword, {})[binding] = value
    language = draw(st.sampled_from(["python", "javascript"]))
    ending = {"python": "py", "javascript": "js"}[language]
    settings = {
        "language": language,
        "consumers": draw(st.none() | st.just({"jobs": {"max_batch_size": 3}})),
        "migrations": draw(
            st.just(()) | st.just([{"tag": "v7", "new_sqlite_classes": ["Counter", "Room"]}])
        ),
        "environment": draw(st.none() | st.just("staging")),
        "public": draw(st.booleans()),
        "routes": draw(st.lists(st.sampled_from(["a.com/*", "*.b.com/x"]), unique=True)),
        "crons": draw(st.lists(st.sampled_from(["* * * * *", "0 1 * * 2"]), unique=True)),
        "tails": draw(st.lists(_names, unique=True)),
        "limits": draw(st.none() | st.fixed_dictionaries({"cpu_ms": st.integers(1, 99)})),
        "compatibility_date": draw(st.sampled_from(["2026-08-22", "2025-01-01"])),
        "modules": draw(st.dictionaries(st.sampled_from([f"a.{ending}", f"b/c.{ending}"]), _text)),
    }
    return Definition.make(name, "\n" + draw(_text), **settings, **keywords)


def _comparable(definition, migrations):
    """Return a definition as it is when it comes from a file.

    migrations: those that a project has.
    """
    return replace(
        definition,
        migrations=tuple(migrations),
        source=definition.source.removeprefix("\n"),
        modules={path: text.removeprefix("\n") for path, text in definition.modules.items()},
        main={"python": "entry.py", "javascript": "index.js"}[definition.language],
    )


@settings(max_examples=50)
@given(st.lists(_definitions(), min_size=1, max_size=4, unique_by=lambda one: one.name))
def test_export_then_import_gives_the_same_system(tmp_path_factory, definitions):
    tops = {one.name: one for one in definitions if one.environment is None}
    system = []
    for one in definitions:
        if one.environment is not None:
            top = tops.get(one.worker)
            # As the registry does it; without a top level it becomes a project of its own.
            one = one.inherit(top) if top else replace(one, environment=None)
        system.append(one)
    files = export_files(system, dev_vars=True)
    assert files == export_files(reversed(system), dev_vars=True)
    folder = tmp_path_factory.mktemp("projects")
    write_files(files, folder)
    found = {one.name: one for one in imported(folder)}
    migrations = {
        one.name: project.migrations(one)
        for project in projects(system)
        for one in project.definitions
    }
    assert found == {one.name: _comparable(one, migrations[one.name]) for one in system}
