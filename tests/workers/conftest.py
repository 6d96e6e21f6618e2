"""A running invocation for the `workers` module, without a runtime."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import workernb
from workernb.workers.current import current
from workernb.workers.env import Env


class FakeInvocation:
    def __init__(self, env: Env) -> None:
        self.env = env
        self.props = {"role": "reader"}
        self.exports = object()
        self.awaited: list[object] = []

    def wait_until(self, awaitable: object) -> None:
        self.awaited.append(awaitable)


@pytest.fixture
def runtime() -> Iterator[workernb.Runtime]:
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


@pytest.fixture
def env() -> Env:
    return Env({"AUTH": "binding", "KEY": "planted-secret"}, frozenset({"KEY"}), "gateway")


@pytest.fixture
def invocation(env: Env) -> Iterator[FakeInvocation]:
    token = current.set(fake := FakeInvocation(env))
    yield fake
    current.reset(token)
