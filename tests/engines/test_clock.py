"""`time` and `datetime` in a Worker: by the runtime's clock."""

from __future__ import annotations

import datetime
import time

import pytest

import workernb
from workernb.engines.clock import stand_in

SOURCE = """
import dataclasses
import datetime as dt
import json
import time
import time as t
from datetime import date, datetime
from functools import singledispatch
from js import Date
from time import time as clock
from workers import Response, WorkerEntrypoint
import helper

LOADED = time.time()

@dataclasses.dataclass
class Note:
    at: datetime = dataclasses.field(default_factory=datetime.now)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(json.dumps({
            "time": time.time(), "time_ns": t.time_ns() / 1e9, "clock": clock(),
            "now": datetime.now().timestamp(), "utc": datetime.now(dt.UTC).timestamp(),
            "utcnow": datetime.utcnow().replace(tzinfo=dt.UTC).timestamp(),
            "today": dt.datetime.today().timestamp(), "date": str(date.today()),
            "gmtime": time.strftime("%Y-%m-%d", time.gmtime()), "year": time.localtime().tm_year,
            "strftime": time.strftime("%Y"), "ctime": time.ctime()[-4:],
            "asctime": time.asctime()[-4:],
            "js": Date.now() / 1000, "field": Note().at.timestamp(), "helper": helper.now(),
            "loaded": LOADED,
        }))
"""
HELPER = "def now():\n    from datetime import datetime\n    return datetime.now().timestamp()\n"
DAY_S = 86_400


async def test_a_worker_sees_the_runtimes_time(runtime):
    handle = runtime.define("web", SOURCE, modules={"helper.py": HELPER})
    await runtime.clock.advance(400 * DAY_S)
    seen = await (await handle.fetch()).json()
    there = runtime.clock.now()
    loaded = seen.pop("loaded")
    assert loaded == pytest.approx(time.time(), abs=60)
    day = datetime.datetime.fromtimestamp(there)
    assert seen.pop("date") == str(day.date())
    assert seen.pop("gmtime") == time.strftime("%Y-%m-%d", time.gmtime(there))
    years = [seen.pop("year"), *(int(seen.pop(name)) for name in ("strftime", "ctime", "asctime"))]
    assert years == [day.year] * 4
    assert seen == {name: pytest.approx(there, abs=60) for name in seen}
    assert abs(time.time() - there) > 300 * DAY_S  # Other code sees the time of day.


async def test_a_module_that_loads_sees_it_too(runtime):
    await runtime.clock.advance(400 * DAY_S)
    handle = runtime.define("web", SOURCE, modules={"helper.py": HELPER})
    assert (await (await handle.fetch()).json())["loaded"] > time.time() + 300 * DAY_S
    runtime.clock.real()
    assert (await (await handle.fetch()).json())["now"] < time.time() + 60


def test_all_else_is_the_modules_own():
    assert stand_in("time").perf_counter is time.perf_counter
    assert stand_in("time").monotonic is time.monotonic
    assert stand_in("datetime").timedelta is datetime.timedelta
    assert stand_in("time").ctime(0) == time.ctime(0)
    assert stand_in("time").gmtime(0) == time.gmtime(0)
    assert stand_in("time").localtime(0) == time.localtime(0)
    noon = (2026, 11, 28, 12, 0, 0, 5, 332, 0)
    assert stand_in("time").asctime(noon) == time.asctime(noon)
    assert stand_in("time").strftime("%H", noon) == "12"
    assert "time" in stand_in("time").time.__doc__


@pytest.mark.parametrize(
    "make",
    [
        lambda d: d.datetime(2026, 11, 28, 12),
        lambda d: d.datetime.fromisoformat("2026-11-28T12:00:00"),
        lambda d: d.datetime.fromtimestamp(0, d.UTC),
        lambda d: d.datetime.strptime("2026", "%Y"),
        lambda d: d.datetime.combine(d.date(2026, 1, 1), d.time(1)),
        lambda d: d.datetime(2026, 1, 1) + d.timedelta(days=1),
        lambda d: d.datetime.min,
        lambda d: d.date(2026, 11, 28),
        lambda d: d.date.fromisoformat("2026-11-28"),
        lambda d: d.date.fromordinal(1),
        lambda d: d.datetime(2026, 1, 1).date(),
    ],
)
def test_dates_are_real_ones(make):
    ours, theirs = make(stand_in("datetime")), make(datetime)
    assert ours == theirs
    assert type(ours) is type(theirs)


def test_the_classes_behave_as_the_real_ones():
    ours = stand_in("datetime")
    real = datetime.datetime(2026, 1, 1)
    assert isinstance(real, ours.datetime)
    assert isinstance(real, ours.date)
    assert not isinstance(datetime.date(2026, 1, 1), ours.datetime)
    assert issubclass(ours.datetime, ours.date)
    assert issubclass(datetime.datetime, ours.datetime)
    assert not issubclass(int, ours.date)
    assert ours.datetime == datetime.datetime
    assert ours.datetime != datetime.date
    assert {ours.datetime: 1}[type(real)] == 1
    assert repr(ours.datetime) == "<class 'datetime.datetime'>"
    match real:
        case ours.datetime():
            pass
        case _:
            pytest.fail("a datetime is no datetime")

    class Stamp(ours.datetime):
        """A subclass is one of its own."""

    stamp = Stamp.now()
    assert type(stamp) is Stamp
    assert isinstance(stamp, ours.datetime)
    assert isinstance(stamp, Stamp)
    assert not isinstance(real, Stamp)
    same = Stamp
    assert same == Stamp
    assert issubclass(Stamp, Stamp)
    assert len({Stamp, ours.datetime}) == 2


def test_pydantic_takes_them_for_the_real_ones():
    assert stand_in("datetime").date.__get_pydantic_core_schema__(None, str) == str(datetime.date)


@pytest.mark.parametrize("call", ["time.time()", "datetime.now()", "date.today()"])
async def test_the_budget_holds_in_them(runtime, call):
    source = (
        "import time\nfrom datetime import date, datetime\n"
        f"def on_fetch(request, env, ctx):\n    while True: {call}\n"
    )
    handle = runtime.define("busy", source, limits={"cpu_ms": 50})
    with pytest.raises(workernb.CpuLimitError):
        await handle.fetch()


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()
