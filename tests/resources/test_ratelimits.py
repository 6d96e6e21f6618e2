"""Rate limits: counted by key, in fixed windows."""

from __future__ import annotations

import pytest

from workernb import StoreError, UsageError

USE = "(await self.env.LIMIT.limit(key='a')).success"


@pytest.fixture(autouse=True)
async def _at_the_begin_of_a_window(runtime):
    clock = runtime.stores.clock
    await clock.advance(60 - clock.now() % 60 + 1)


async def test_a_limit_is_kept_for_each_key(value_of, runtime):
    use = f"[{USE}, {USE}, {USE}, (await self.env.LIMIT.limit({{'key': 'b'}}))['success']]"
    assert await value_of(use) == [True, True, False, True]
    await runtime.stores.clock.advance(10)
    assert await value_of(use) == [True, True, False, True]


async def test_a_limit_is_no_subrequest(value_of):
    assert await value_of(f"[{USE}, {USE}]", limits={"subrequests": 1}) == [True, True]


async def test_a_namespace_is_shared(value_of):
    mine = {"ratelimits": {"LIMIT": {"limit": 1, "period": 60, "namespace_id": "1001"}}}
    rows = [{"name": "LIMIT", "namespace_id": "1001", "simple": {"limit": 1, "period": 60}}]
    assert await value_of(USE, name="one", **mine) is True
    assert await value_of(USE, name="two", ratelimits=rows) is False


async def test_unknown_options(run):
    with pytest.raises(StoreError) as raised:
        await run("await self.env.LIMIT.limit(kee='a')")
    assert str(raised.value) == "bad rate limit options: [kee]"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"LIMIT": {"limit": 1, "period": 30}},
            'bindings "simple.period" must be either 10 or 60 but got 30: of LIMIT.'),
        ({"LIMIT": {"limit": 0, "period": 10}}, "The limit of LIMIT is a whole number above 0"),
        ({"LIMIT": 5}, 'The rate limit LIMIT is {"LIMIT": {"limit": 10, "period": 60}}, not 5.'),
        ({"LIMIT": "{"}, "The rate limit LIMIT is no JSON"),
        ([{"name": "LIMIT"}], '"ratelimits[0]" bindings should have a string "simple" field'),
        ([{}], '"ratelimits[0]" bindings should have a string "name" field but got {}.'),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_refused(runtime, given, text):
    with pytest.raises(UsageError) as raised:
        runtime.define("web", "", ratelimits=given)
    assert str(raised.value).startswith(text)


async def test_a_key_without_its_name_is_explained(run):
    with pytest.raises(TypeError, match=r"takes its key by name: env\.LIMIT\.limit\(key=…\)"):
        await run("await self.env.LIMIT.limit('user')")
