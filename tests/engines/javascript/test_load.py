"""Many requests, cuts and definitions leave nothing behind."""

from __future__ import annotations

import gc

import pytest

import workernb

from .test_seed import AUTH, GATEWAY, TOKEN

pytestmark = pytest.mark.slow


@pytest.mark.timeout(600)
async def test_a_hundred_thousand_requests(runtime):
    runtime.define("auth", AUTH, language="javascript", secrets={"SECRET_TOKEN": TOKEN})
    runtime.define("gateway", GATEWAY, language="javascript", services={"AUTH": "auth"})
    gateway = runtime["gateway"]
    realms = [runtime.services[name].isolates[1].exporter.realm() for name in ("auth", "gateway")]

    async def serve(count):
        for number in range(count):
            token = TOKEN if number % 2 else "wrong"
            response = await gateway.fetch("http://x/", headers={"x-custom-token": token})
            assert response.status == (200 if number % 2 else 403)
        for realm in realms:
            realm.machine.collect()
        return [realm.machine.memory_bytes() for realm in realms]

    before = await serve(1_000)
    after = await serve(100_000)
    assert max(b - a for a, b in zip(before, after, strict=True)) < 20_000
    assert [realm.host.runs for realm in realms] == [{}, {}]


@pytest.mark.timeout(600)
async def test_a_thousand_workers_and_a_thousand_definitions(runtime):
    source = "export default {{ fetch: () => new Response('{}') }}"
    for number in range(1_000):
        runtime.define(f"w{number}", source.format(number), language="javascript")
    assert await (await runtime["w999"].fetch("http://x/")).text() == "999"
    gc.collect()
    realms = sum(type(each).__name__ == "Realm" for each in gc.get_objects())
    for number in range(1_000):
        runtime.define("w0", source.format(number), language="javascript")
    gc.collect()
    assert sum(type(each).__name__ == "Realm" for each in gc.get_objects()) == realms


@pytest.mark.parametrize(
    "source",
    [
        "export default { fetch: () => new Response('x') };",
        "export default { fetch() { new WebSocketPair(); return new Response('x'); } };",
    ],
)
def test_an_isolate_takes_a_megabyte_at_most(runtime, source):
    runtime.define("small", source, language="javascript")
    machine = runtime.services["small"].isolates[1].exporter.realm().machine
    machine.collect()
    assert machine.memory_bytes() < 1_000_000


def test_two_workers_that_are_bound_to_each_other_are_freed():
    runtime = workernb.Runtime(outbound=None)
    source = "export default { fetch: () => new Response('') }"
    runtime.define("a", source, language="javascript", services={"B": "b"})
    runtime.define("b", source, language="javascript", services={"A": "a"})
    runtime.close()
    del runtime
    gc.collect()
    assert not any(
        type(each).__name__ == "Realm" and each.version.service in ("a", "b")
        for each in gc.get_objects()
    )
