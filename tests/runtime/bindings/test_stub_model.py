"""A model of stubs beside the runtime: each stub is alive exactly when the rules say so.

The steps are drawn first, and then run within one request of a Worker, which returns what it saw.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import workernb

from .conftest import RPC_HEAD

OWNER = (
    RPC_HEAD
    + """
ALIVE = set()
numbers = iter(range(10**9))

class Thing(RpcTarget):
    def __init__(self):
        self.number = next(numbers)
        ALIVE.add(self.number)
    async def touch(self):
        return self.number
    def dispose(self):
        ALIVE.remove(self.number)

class Default(WorkerEntrypoint):
    async def make(self):
        return Thing()
    async def alive(self):
        return ALIVE
    async def pass_back(self, stub):
        return stub
    async def drop_copy(self, stub):
        stub.dup()
        return await stub.touch()
"""
)

DRIVER = (
    RPC_HEAD
    + """
async def touch(stub):
    try:
        return await stub.touch()
    except TypeError as error:
        return str(error)

class Default(WorkerEntrypoint):
    async def run(self, steps):
        owner, stubs, seen = self.env.OWNER, [], []
        for step, index in steps:
            if step == "make":
                stubs.append(await owner.make())
            elif step == "dup":
                stubs.append(stubs[index].dup())
            elif step == "pass_back":
                stubs.append(await owner.pass_back(stubs[index]))
            elif step == "drop_copy":
                await owner.drop_copy(stubs[index])
            elif step == "dispose":
                stubs[index].dispose()
            seen.append([[await touch(stub) for stub in stubs], await owner.alive()])
        return seen
"""
)

DISPOSED = "RPC stub used after being disposed."


@dataclass
class Model:
    """What is expected: for each stub its thing's number, and whether it has been disposed."""

    stubs: list[int] = field(default_factory=list)
    disposed: set[int] = field(default_factory=set)
    things: int = 0

    def see(self) -> list[Any]:
        touched = [DISPOSED if i in self.disposed else n for i, n in enumerate(self.stubs)]
        alive = {n for i, n in enumerate(self.stubs) if i not in self.disposed}
        return [touched, alive]


class Stubs(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.steps: list[tuple[str, int]] = []
        self.expected: list[Any] = []

    def live(self, data: st.DataObject) -> int:
        model = self.model
        alive = [i for i in range(len(model.stubs)) if i not in model.disposed]
        return data.draw(st.sampled_from(alive))

    def step(self, name: str, index: int = 0) -> None:
        self.steps.append((name, index))
        self.expected.append(self.model.see())

    def has_live(self) -> bool:
        return len(self.model.disposed) < len(self.model.stubs)

    @rule()
    def make(self) -> None:
        self.model.stubs.append(self.model.things)
        self.model.things += 1
        self.step("make")

    @precondition(has_live)
    @rule(data=st.data(), name=st.sampled_from(["dup", "pass_back"]))
    def copy(self, data: st.DataObject, name: str) -> None:
        index = self.live(data)
        self.model.stubs.append(self.model.stubs[index])
        self.step(name, index)

    @precondition(has_live)
    @rule(data=st.data())
    def drop_copy(self, data: st.DataObject) -> None:
        self.step("drop_copy", self.live(data))

    @precondition(lambda self: bool(self.model.stubs))
    @rule(data=st.data())
    def dispose(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.model.stubs) - 1))
        self.model.disposed.add(index)
        self.step("dispose", index)

    @invariant()
    def nothing(self) -> None:
        """Steps are run at the end, in one request."""

    def teardown(self) -> None:
        runtime = workernb.Runtime(workernb.Limits(invocations=5_000, subrequests=5_000))
        try:
            runtime.define("owner", OWNER)
            driver = runtime.define("driver", DRIVER, services={"OWNER": "owner"})
            steps = [[name, index] for name, index in self.steps]
            assert driver.call_sync("run", steps) == self.expected
            # The end of the request is the end of all stubs, disposed or not.
            assert runtime["owner"].call_sync("alive") == set()
        finally:
            runtime.close()


class TestStubs(Stubs.TestCase):
    settings = settings(
        max_examples=25,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
