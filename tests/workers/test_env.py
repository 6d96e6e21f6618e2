"""`env`, of a Worker and as imported from `workers`."""

from __future__ import annotations

import pytest

import workernb
from workernb.workers import env as imported_env
from workernb.workers import patch_env
from workernb.workers.env import Env


def test_bindings_are_attributes(env):
    assert (env.AUTH, env.KEY) == ("binding", "planted-secret")


def test_the_repr_hides_secrets(env):
    assert repr(env) == "Env(AUTH='binding', KEY=<secret>)"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("AUHT", "Did you mean AUTH?"),
        ("QUEUE", "Bind it on the Worker's cell: --bind QUEUE=WORKER"),
    ],
)
def test_a_missing_binding_is_explained(env, name, remedy):
    with pytest.raises(AttributeError) as caught:
        getattr(env, name)
    assert str(caught.value) == caught.value.name == name
    assert caught.value.__notes__ == [
        f"Worker 'gateway' has no binding {name}; bound: AUTH, KEY.",
        remedy,
    ]


def test_an_env_without_bindings_has_nothing_bound():
    with pytest.raises(AttributeError) as caught:
        _ = Env({}, frozenset(), "alone").AUTH
    assert caught.value.__notes__[0] == "Worker 'alone' has no binding AUTH; bound: nothing."


def test_private_names_are_plain_attribute_errors(env):
    with pytest.raises(AttributeError) as caught:
        _ = env._x
    assert not hasattr(caught.value, "__notes__")


def test_the_imported_env_is_that_of_the_running_worker(invocation):
    assert imported_env.AUTH == "binding"
    assert repr(imported_env) == repr(invocation.env)
    assert not hasattr(imported_env, "__wrapped__")


def test_the_imported_env_needs_a_running_worker():
    with pytest.raises(RuntimeError, match="No Worker is running here"):
        _ = imported_env.X
    with pytest.raises(RuntimeError, match="No Worker is running here"):
        repr(imported_env)


def test_a_patch_replaces_the_imported_env(invocation, env):
    with patch_env({"AUTH": "a"}, MORE="m"):
        assert (imported_env.AUTH, imported_env.MORE) == ("a", "m")
        assert repr(imported_env) == "Env(AUTH='a', MORE='m')"
        with pytest.raises(AttributeError, match="KEY"):
            _ = imported_env.KEY
        assert (env.AUTH, invocation.env) == ("binding", env)
        with patch_env([("KEY", "inner")]):
            assert imported_env.KEY == "inner"
            assert repr(imported_env) == "Env(KEY=<secret>)"
        assert imported_env.AUTH == "a"
    assert imported_env.AUTH == "binding"


@pytest.mark.parametrize("empty", [None, {}, []])
def test_a_patch_with_nothing_is_an_empty_env(invocation, empty):
    with patch_env(empty), pytest.raises(AttributeError):
        _ = imported_env.AUTH


def test_a_patch_ends_with_an_exception(invocation):
    with pytest.raises(KeyError), patch_env(AUTH="a"):
        raise KeyError
    assert imported_env.AUTH == "binding"


def test_a_patch_needs_a_running_worker():
    with pytest.raises(RuntimeError, match="No Worker is running here"), patch_env(A=1):
        pass


async def test_a_patch_holds_for_tasks_and_not_for_other_workers():
    runtime = workernb.Runtime()
    try:
        runtime.define("auth", READS, vars={"NAME": "auth"})
        source = READS.replace("answer = env.NAME", PATCHES)
        services = {"AUTH": "auth", "SELF": "gateway"}
        handle = runtime.define("gateway", source, vars={"NAME": "gateway"}, services=services)
        answer = await (await handle.fetch("http://x/")).text()
        assert answer == "patched patched auth gateway gateway"
    finally:
        runtime.close()


READS = """
import asyncio
from workers import Response, env, patch_env
async def read():
    return env.NAME
async def on_fetch(request, own):
    if request.url.endswith("/self"):
        return Response(env.NAME)
    answer = env.NAME
    return Response(answer)
"""
PATCHES = """
    with patch_env(NAME="patched"):
        said = [env.NAME, await asyncio.create_task(read())]
        said.append(await (await own.AUTH.fetch("http://x/")).text())
        said.append(await (await own.SELF.fetch("http://x/self")).text())
    answer = " ".join([*said, env.NAME])
""".strip()
