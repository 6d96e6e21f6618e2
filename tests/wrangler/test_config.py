"""Wrangler's configuration: what holds in an environment, and how what is wrong is told."""

from __future__ import annotations

import json

import pytest

import workernb.assembly
from workernb.errors import UsageError
from workernb.wrangler.config import read_config

assert workernb.assembly  # It registers the kinds of stores.


@pytest.fixture
def config(tmp_path):
    """Return a function that writes a configuration and reads it."""

    def read(content, name="wrangler.jsonc"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return read_config(path)

    return read


def test_comments_and_a_comma_too_many(config):
    file = config('{\n  // the name\n  "name": "auth", /* here */ "vars": {"A": "//",},\n}')
    assert file.of_environment(None).values == {"name": "auth", "vars": {"A": "//"}}


def test_toml(config):
    file = config('name = "auth"\n[env.staging]\nworkers_dev = true\n', "wrangler.toml")
    assert file.of_environment("staging").values == {"name": "auth", "workers_dev": True}


def test_what_an_environment_inherits(config):
    top = {
        "name": "a",
        "main": "a.py",
        "limits": {"cpu_ms": 9},
        "vars": {"A": "1"},
        "send_metrics": 1,
    }
    file = config({**top, "env": {"staging": {"limits": {"cpu_ms": 1}}}})
    staging = file.of_environment("staging")
    assert staging.values == {"name": "a", "main": "a.py", "limits": {"cpu_ms": 1}}
    (warning,) = staging.warnings
    assert warning.startswith('"vars" exists at the top level, but not on "env.staging".')


def test_there_is_no_deep_merge(config):
    file = config({"name": "a", "vars": {"A": "1"}, "env": {"s": {"vars": {"B": "2"}}}})
    assert file.of_environment("s").values["vars"] == {"B": "2"}


def test_an_environment_that_is_not_there(config):
    with_others = config({"name": "a", "env": {"staging": {}}})
    with pytest.raises(
        UsageError, match='No environment found in configuration with name "stagin"'
    ) as e:
        with_others.of_environment("stagin")
    assert "Did you mean staging?" in e.value.__notes__
    alone = config({"name": "a", "vars": {"A": "1"}}).of_environment("staging")
    assert alone.values["vars"] == {"A": "1"}
    assert "No environment found" in alone.warnings[0]


def test_keys_without_effect_are_listed(config):
    file = config(
        {
            "name": "a", "observability": {"enabled": True}, "hyperdrive": [], "kv_namespaces": [],
            "compatibility_flags": ["python_workers", "nodejs_compat"],
        }
    )  # fmt: skip
    assert file.of_environment(None).unknown == (
        "observability", "hyperdrive", "compatibility_flags nodejs_compat",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("{", "wrangler.jsonc", "is no JSON"),
        ("[1]", "wrangler.jsonc", "is no configuration"),
        ("a = ", "wrangler.toml", "is no TOML"),
        ("[vars]\nDAY = 2026-01-01", "wrangler.toml", "vars.DAY is a TOML date, which is not"),
        ('{"env": {"a": 1}}', "wrangler.jsonc", '"env" is an object of objects'),
        ('{"services": [1]}', "wrangler.jsonc", '"services" bindings should be objects, but got 1'),
        (
            '{"env": {"s": {"services": [{"binding": 1}]}}}', "wrangler.jsonc",
            'env.s."services[0]" bindings should have a string "binding" field but got {"binding',
        ),
    ],
)  # fmt: skip
def test_what_is_refused(config, content, name, said):
    with pytest.raises(UsageError, match=name) as error:
        config(content, name)
    assert said in str(error.value)


def test_a_file_that_is_not_there_or_not_text(config, tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_config(tmp_path / "wrangler.toml")
    (tmp_path / "wrangler.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="is not UTF-8: its byte 0"):
        read_config(tmp_path / "wrangler.toml")
