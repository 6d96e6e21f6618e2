"""`env`, of a Worker and as imported from `workers`."""

from __future__ import annotations

import pytest

from workernb.workers import env as imported_env
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
