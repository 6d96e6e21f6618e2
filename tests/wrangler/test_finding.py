"""Workers of Wrangler projects: found, read with their environments and secrets, or refused."""

from __future__ import annotations

import json

import pytest

import workernb.assembly
from workernb.errors import UsageError
from workernb.wrangler.finding import find_workers

assert workernb.assembly  # It registers the kinds of stores.


@pytest.fixture
def project(tmp_path):
    """Return a function that writes a project below a folder, and returns the folder's path."""

    def write(folder="", **content):
        content = {"name": "auth", "main": "src/entry.py", **content}
        path = tmp_path / folder
        main = path / content["main"]
        main.parent.mkdir(parents=True, exist_ok=True)
        main.write_text("pass\n")
        (path / "wrangler.jsonc").write_text(json.dumps(content))
        return path

    return write


def found(*paths, **options):
    workers = find_workers([str(path) for path in paths], **options)
    return {worker.service: worker.definition(None) for worker in workers}


def test_a_worker_with_all_that_it_has(project):
    path = project(
        routes=["a.com/*", {"pattern": "b.com", "custom_domain": True}],
        route="c.com/*",
        compatibility_date="2026-01-01",
        triggers={"crons": ["* * * * *"]},
        limits={"cpu_ms": 50},
        tail_consumers=[{"service": "logs", "environment": "staging"}],
        services=[
            {"binding": "A", "service": "a", "entrypoint": "Admin", "props": {"x": 1}},
            {"binding": "B", "service": "b", "environment": "staging"},
        ],
        vars={"N": 1},
        kv_namespaces=[{"binding": "CACHE", "id": "c"}],
        d1_databases=[{"binding": "DB", "database_name": "shop", "database_id": "1"}],
        version_metadata={"binding": "V"},
    )
    (path / "src/prices.py").write_text("PRICE = 3\n")
    (one,) = found(path).values()
    assert [route.pattern for route in one.routes] == ["a.com/*", "b.com", "c.com/*"]
    assert {name: str(target) for name, target in one.services.items()} == {
        "A": 'a#Admin{"x": 1}', "B": "b-staging",
    }  # fmt: skip
    assert (one.compatibility_date, one.crons, one.tails) == (
        "2026-01-01", ("* * * * *",), ("logs-staging",),
    )  # fmt: skip
    assert one.limits == {"cpu_ms": 50}
    assert one.modules == {"prices.py": "PRICE = 3\n"}
    assert one.main == "entry.py"
    assert one.version_metadata == "V"


def test_a_worker_without_routes_is_public_unless_it_says_otherwise(project):
    assert found(project("a"))["auth"].routes
    assert not found(project("b", workers_dev=False))["auth"].routes
    (route,) = found(project("c", route="a.com/*"))["auth"].routes
    assert route.pattern == "a.com/*"


def test_all_environments_or_one(project):
    path = project(env={"staging": {}, "live": {"name": "front"}})
    assert list(found(path)) == ["auth", "auth-staging", "front"]
    assert found(path)["auth-staging"].environment == "staging"
    assert list(found(path, environment="staging")) == ["auth-staging"]


def test_a_folder_with_projects_and_several_paths(project, tmp_path):
    project("auth")
    project("gateway", name="gateway", services=[{"binding": "AUTH", "service": "auth"}])
    project("node_modules/x", name="x")
    assert list(found(tmp_path)) == ["auth", "gateway"]
    assert list(found(tmp_path / "gateway", tmp_path / "auth/wrangler.jsonc")) == [
        "gateway",
        "auth",
    ]


def test_a_prefix_follows_the_bindings(project, tmp_path):
    project("auth")
    services = [{"binding": "AUTH", "service": "auth"}, {"binding": "X", "service": "x"}]
    project("gateway", name="gateway", services=services, tail_consumers=[{"service": "auth"}])
    gateway = found(tmp_path, prefix="their-")["their-gateway"]
    assert [str(target) for target in gateway.services.values()] == ["their-auth", "x"]
    assert gateway.tails == ("their-auth",)


def test_local_secrets_replace_vars(project):
    path = project(vars={"A": "var", "B": "var"}, env={"staging": {"vars": {"A": "var"}}})
    (path / ".dev.vars").write_text("A=secret\nC=more\n")
    (path / ".dev.vars.staging").write_text("D=other\n")
    top, staging = found(path).values()
    assert (top.vars, top.secrets) == ({"B": "var"}, {"A": "secret", "C": "more"})
    assert (staging.vars, staging.secrets) == ({"A": "var"}, {"D": "other"})


def test_dot_env_files_where_there_is_no_dev_vars(project, monkeypatch):
    path = project(env={"staging": {}})
    (path / ".env").write_text("A=1\nB=1\n")
    (path / ".env.local").write_text("B=2\n")
    (path / ".env.staging").write_text("A=3\n")
    top, staging = found(path).values()
    assert top.secrets == {"A": "1", "B": "2"}
    assert staging.secrets == {"A": "3", "B": "2"}
    monkeypatch.setenv("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV", "false")
    assert not found(path)["auth"].secrets


def test_required_secrets(project):
    path = project(secrets={"required": ["TOKEN"]}, vars={"A": "var"})
    with pytest.raises(UsageError, match="The secret TOKEN is set nowhere"):
        found(path)
    (path / ".dev.vars").write_text("TOKEN=t\nA=secret\nOTHER=no\n")
    assert found(path)["auth"].secrets == {"TOKEN": "t", "A": "secret"}


def test_remarks(project):
    path = project(vars={"A": "1"}, placement={}, limits={"cpu_ms": 1, "odd": 2}, env={"s": {}})
    top, staging = find_workers([str(path)])
    assert top.remarks == [f"{path}/wrangler.jsonc: without effect here: placement, limits.odd"]
    assert 'env.s: "vars" exists at the top level' in staging.remarks[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"main": "src/index.ts"}, "src/index.ts is TypeScript, which does not run here"),
        ({"main": "src/no.rb"}, "src/no.rb is no"),
        ({"name": 1}, 'there is no "name", a text.'),
        ({"name": "Auth"}, 'Expected "name" to be of type string, alphanumeric and lowercase'),
        ({"tail_consumers": ["x"]}, '"tail_consumers" is a list of objects with "service"'),
        ({"vars": {"A": "1"}, "services": [{"binding": "A", "service": "a"}]}, "unique names"),
    ],
)
def test_what_is_refused(project, content, said):
    with pytest.raises(UsageError, match=r"wrangler\.jsonc: ") as error:
        found(project(**content))
    assert said in str(error.value)


def test_no_main_and_no_project(tmp_path):
    with pytest.raises(UsageError, match="has no project: neither it nor a folder in it"):
        found(tmp_path)
    (tmp_path / "wrangler.jsonc").write_text('{"name": "a"}')
    with pytest.raises(UsageError, match='there is no "main", so there is no code'):
        found(tmp_path)
    with pytest.raises(UsageError, match="is no notebook and no configuration"):
        found(tmp_path / "x.py")


def test_two_of_one_name(project, tmp_path):
    project("a")
    project("b")
    with pytest.raises(
        UsageError, match=r"'auth' is defined twice: by .*a/wrangler.* and by .*b/w"
    ):
        found(tmp_path)
