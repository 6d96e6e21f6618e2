"""A model of the rules, compared with the runtime after any sequence of operations.

The model states the rules with dicts, independently of the runtime's code. Requests are held at a
gate while definitions, bindings and deployments change.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import sys
import types
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

import workernb
from workernb import BindingError, LimitError, UsageError
from workernb.runtime.services import service as services_module

KEPT = 3
KEY = "cloudflare-workers-version-key"
OVERRIDES = "cloudflare-workers-version-overrides"

SOURCE = """
import json
import workernb_model_gates as gates
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        headers = dict(request.headers)
        if "gate" in headers:
            depth = int(headers["depth"])
            headers["depth"] = str(depth - 1)
            if depth == 0:
                await gates.wait(headers["gate"])
        responses = [[{mark}, getattr(self.env, "V", None), getattr(self.env, "S", None)]]
        if hasattr(self.env, "NEXT"):
            answer = await self.env.NEXT.fetch("http://next/", headers=headers)
            responses += await answer.json()
        return Response(json.dumps(responses))
"""

NAMES = ["a", "a-staging", "b"]
names = st.sampled_from(NAMES)
values = st.sampled_from(["one", "two"])
secret_values = st.sampled_from(["secret-one", "secret-two"])
KEYS = ["k1", "k2", "k3", "k4"]
keys = st.sampled_from(KEYS)
shares = st.sampled_from([0.0, 10.0, 50.0, 90.0, 100.0])
settings_given = st.fixed_dictionaries(
    {}, optional={"NEXT": names, "V": values, "S": secret_values}
)


gates: dict[str, tuple[asyncio.Event, asyncio.Event]] = {}
"""For each held request: set when it has reached its gate, and when it may continue."""


async def wait(gate: str) -> None:
    reached, may_continue = gates[gate]
    reached.set()
    await may_continue.wait()


gates_module = types.ModuleType("workernb_model_gates")
vars(gates_module)["wait"] = wait


def kinds(given: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return settings as `define` and `change` take them."""
    kind = {"NEXT": "services", "V": "vars", "S": "secrets"}
    found: dict[str, dict[str, str]] = {"services": {}, "vars": {}, "secrets": {}}
    for name, value in given.items():
        found[kind[name]][name] = value
    return found


@dataclass(eq=False)
class ModelVersion:
    """A version in the model."""

    service: str
    number: int
    mark: int
    env: dict[str, str]

    @property
    def response(self) -> list[Any]:
        return [self.mark, self.env.get("V"), self.env.get("S")]

    def __str__(self) -> str:
        return f"{self.service} v{self.number}"


@dataclass
class ModelService:
    """A defined service in the model."""

    versions: dict[int, ModelVersion] = field(default_factory=dict)
    deployments: list[dict[int, float]] = field(default_factory=list)

    @property
    def now(self) -> dict[int, float]:
        return self.deployments[-1]

    @property
    def main(self) -> ModelVersion:
        return self.versions[max(self.now, key=lambda n: (self.now[n], n))]

    def chosen(self, name: str, headers: dict[str, str]) -> ModelVersion:
        """Choose by the override, else by the key: the newest version has the lowest points."""
        for number in sorted(self.now):
            if headers.get(OVERRIDES) == f'{name}="v{number}"':
                return self.versions[number]
        digest = hashlib.sha256(f"{name}\0{headers[KEY]}".encode()).digest()
        point = int.from_bytes(digest[:8], "big") / 2**64 * 100
        newest = max(self.now)
        return self.versions[newest if point < self.now[newest] else min(self.now)]


@dataclass
class HeldRequest:
    """A request at its gate: the versions that have handled it so far, and its headers."""

    task: asyncio.Task[Any]
    gate: str
    handled_by: list[ModelVersion]
    headers: dict[str, str]


class Model(RuleBasedStateMachine):
    held_requests: Bundle[HeldRequest] = Bundle("held_requests")

    def __init__(self) -> None:
        super().__init__()
        gc.collect()  # The modules of the previous run would keep their file names.
        gates.clear()
        self.patch = pytest.MonkeyPatch()
        # Few enough for versions to be dropped within a run.
        self.patch.setattr(services_module, "KEPT_VERSIONS", KEPT)
        self.patch.setitem(sys.modules, "workernb_model_gates", gates_module)
        self.loop = asyncio.new_event_loop()
        self.runtime = workernb.Runtime()
        self.defined: dict[str, ModelService] = {}
        self.marks = 0
        self.held: list[HeldRequest] = []
        self.changes = 0

    # The rules

    def chain(
        self, begin: ModelVersion | None, name: str, headers: dict[str, str]
    ) -> list[ModelVersion] | str:
        """Return the versions that handle a request, in call order, or how it fails.

        begin: the version that it has already reached.
        """
        found: list[ModelVersion] = [] if begin is None else [begin]
        at = name if begin is None else begin.env.get("NEXT")
        while at is not None:
            if at not in self.defined:
                return "missing"
            found.append(self.defined[at].chosen(at, headers))
            if len(found) > 40:
                return "deep"
            at = found[-1].env.get("NEXT")
        return found

    def add_version(self, name: str, mark: int, env: dict[str, str]) -> None:
        service = self.defined.setdefault(name, ModelService())
        number = max(service.versions, default=0) + 1
        service.versions[number] = ModelVersion(name, number, mark, env)
        self.add_deployment(name, {number: 100})

    def add_deployment(self, name: str, now: dict[int, float]) -> None:
        service = self.defined[name]
        service.deployments.append(now)
        running = [version for held in self.held for version in held.handled_by]
        for number in list(service.versions)[: max(0, len(service.versions) - KEPT)]:
            if number not in now and service.versions[number] not in running:
                del service.versions[number]
        service.deployments = [
            deployment
            for deployment in service.deployments
            if deployment.keys() <= service.versions.keys()
        ]
        self.changes += 1

    def source(self) -> str:
        self.marks += 1
        return SOURCE.format(mark=self.marks)

    # Operations

    @initialize()
    def three_workers(self) -> None:
        for name, given in {"a": {}, "a-staging": {}, "b": {"NEXT": "a"}}.items():
            for value in ("one", "two"):
                self.define(name, {**given, "V": value})

    @rule(name=names, given=settings_given, times=st.integers(1, KEPT + 1))
    def define(self, name: str, given: dict[str, str], times: int = 1) -> None:
        for _ in range(times):
            self.define_once(name, given)

    def define_once(self, name: str, given: dict[str, str]) -> None:
        base, _, environment = name.partition("-")
        self.runtime.define(base, self.source(), environment=environment or None, **kinds(given))
        self.add_version(name, self.marks, given)

    @rule(name=names, how=st.sampled_from(["syntax", "import", "clash", "name"]))
    def define_badly(self, name: str, how: str) -> None:
        source, given = self.source(), kinds({"NEXT": "nowhere"})
        if how == "syntax":
            source += "def broken("
        elif how == "import":
            source += "raise ArithmeticError"
        elif how == "clash":
            given["vars"]["NEXT"] = "x"
        else:
            given["vars"]["no name"] = "x"
        before = set(self.runtime.services)
        with pytest.raises((SyntaxError, ArithmeticError, UsageError)):
            self.runtime.define(name, source, **given)
        assert set(self.runtime.services) == before

    @rule(name=names, given=settings_given, remove=st.sets(st.sampled_from(["NEXT", "V", "S"])))
    def change(self, name: str, given: dict[str, str], remove: set[str]) -> None:
        service = self.defined.get(name)
        if service is None:
            with pytest.raises(UsageError):
                self.runtime.change(name, **kinds(given))
            return
        before = service.main
        target = given.get("NEXT")
        lost = (
            target is not None and target != before.env.get("NEXT") and target not in self.defined
        )
        if len(service.now) == 2 or not remove <= before.env.keys() or lost:
            with pytest.raises(UsageError):
                self.runtime.change(name, **kinds(given), remove=remove)
            return
        self.runtime.change(name, **kinds(given), remove=remove)
        after = {key: value for key, value in before.env.items() if key not in remove} | given
        if after != before.env:
            self.add_version(name, before.mark, after)

    @rule(name=names, places=st.sets(st.integers(0, KEPT), min_size=1, max_size=2), share=shares)
    def deploy(self, name: str, places: set[int], share: float) -> None:
        """Deploy versions by their places among those that are kept; the last two do not exist."""
        service = self.defined.get(name)
        kept = [*sorted(service.versions), 1 + max(service.versions), 0] if service else [1]
        numbers = sorted({kept[place % len(kept)] for place in places})
        now = dict(zip(numbers, (share, 100 - share) if len(numbers) == 2 else (100,), strict=True))
        if service is None or not now.keys() <= service.versions.keys():
            with pytest.raises(UsageError):
                self.runtime.deploy(name, now)
            return
        self.runtime.deploy(name, now)
        if now != service.now:
            self.add_deployment(name, now)

    @rule(name=names, shares=st.lists(st.sampled_from([-10, 30, 60, 110]), min_size=1, max_size=3))
    def deploy_badly(self, name: str, shares: list[float]) -> None:
        with pytest.raises(UsageError):
            self.runtime.deploy(name, dict(enumerate(shares, 1)))

    @rule(name=names)
    def rollback(self, name: str) -> None:
        service = self.defined.get(name)
        alone = [shares for shares in (service.deployments if service else []) if len(shares) == 1]
        others = [shares for shares in alone if service is not None and shares != service.now]
        if service is not None and len(service.now) == 2:
            others = [{min(service.now): 100}]
        if not others:
            with pytest.raises(UsageError):
                self.runtime.rollback(name)
            return
        self.runtime.rollback(name)
        self.add_deployment(name, others[-1])

    @rule(name=names, force=st.booleans())
    def remove(self, name: str, force: bool) -> None:
        needed = any(
            service.versions[number].env.get("NEXT") == name
            for caller, service in self.defined.items()
            for number in service.now
            if caller != name
        )
        if name not in self.defined or (needed and not force):
            with pytest.raises(UsageError):
                self.runtime.remove(name, force=force)
            return
        self.runtime.remove(name, force=force)
        del self.defined[name]
        self.changes += 1

    # Requests

    @rule()
    def fetch(self) -> None:
        """Call every Worker with every key, and with an override of every version."""
        for name in NAMES:
            for key in KEYS:
                self.fetch_from(self.runtime, name, {KEY: key})
            for other, service in self.defined.items():
                for number in service.versions:
                    forced = {KEY: KEYS[0], OVERRIDES: f'{other}="v{number}"'}
                    self.fetch_from(self.runtime, name, forced)

    def fetch_from(self, runtime: workernb.Runtime, name: str, headers: dict[str, str]) -> None:
        expected = self.chain(None, name, headers)
        if name not in self.defined:
            with pytest.raises(UsageError):
                runtime[name]
            return
        call = runtime[name].fetch(headers=headers)
        self.loop.run_until_complete(self.check(call, expected))

    async def check(self, call: Any, expected: list[ModelVersion] | str) -> None:
        if isinstance(expected, str):
            with pytest.raises(BindingError if expected == "missing" else LimitError):
                await call
            return
        answer = await call
        assert await answer.json() == [version.response for version in expected]
        assert list(map(str, expected)) == [
            str(invocation.version) for invocation in answer.trace.invocations
        ]

    @rule(target=held_requests, name=names, key=keys, depth=st.integers(0, 2))
    def begin(self, name: str, key: str, depth: int) -> HeldRequest | None:
        """Begin a request that is held in the Worker `depth` calls down, if there is one."""
        expected = self.chain(None, name, {KEY: key})
        if name not in self.defined or isinstance(expected, str) or len(expected) <= depth:
            return None
        gate = f"gate {len(gates)}"
        reached, _ = gates[gate] = (asyncio.Event(), asyncio.Event())
        headers = {KEY: key, "gate": gate, "depth": str(depth)}

        async def fetch() -> Any:
            return await self.runtime[name].fetch(headers=headers)

        task = self.loop.create_task(fetch())
        self.loop.run_until_complete(asyncio.wait_for(reached.wait(), 10))
        held = HeldRequest(task, gate, expected[: depth + 1], headers)
        self.held.append(held)
        return held

    @rule(held=consumes(held_requests))
    def finish(self, held: HeldRequest | None) -> None:
        """Let a request continue: its further calls meet the present versions."""
        if held is not None:
            self.release(held)

    def release(self, held: HeldRequest) -> None:
        rest = self.chain(held.handled_by[-1], "", held.headers)
        expected = rest if isinstance(rest, str) else [*held.handled_by[:-1], *rest]
        self.held.remove(held)
        gates[held.gate][1].set()
        self.loop.run_until_complete(self.check(held.task, expected))

    # Invariants

    @invariant()
    def the_same_versions_serve(self) -> None:
        assert set(self.runtime) == set(self.defined)
        for name, service in self.defined.items():
            actual = self.runtime.services[name]
            assert [version.number for version in actual.versions] == sorted(service.versions)
            assert dict(actual.deployment.shares) == service.now
            assert len(actual.isolates) == len(service.now)
        assert len(self.runtime.history) == self.changes

    def teardown(self) -> None:
        for held in list(self.held):
            self.release(held)
        again = workernb.Runtime()
        again.replay(self.runtime.history)
        assert list(map(str, again.history)) == list(map(str, self.runtime.history))
        for name in NAMES:
            for key in KEYS:
                self.fetch_from(again, name, {KEY: key})
        for runtime in (again, self.runtime):
            assert not runtime.in_flight
            runtime.close()
        self.loop.close()
        self.patch.undo()


Model.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

TestModel = Model.TestCase
pytestmark = pytest.mark.timeout(600)  # After a failure, hypothesis looks for the shortest example.
