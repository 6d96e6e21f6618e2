"""Web APIs answer as npm's workerd does: the table in `cases/`, with `differences.py`."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.javascript import Absent
from tests.engines.javascript import conformance
from tests.engines.javascript.differences import DIFFERENCES

CASES = conformance.read_cases()
EXPECTED = conformance.read_expected()


BARE = [case for case in CASES if case.subject not in conformance.IN_WORKERS]
IN_WORKERS = [case for case in CASES if case.subject in conformance.IN_WORKERS]


@pytest.mark.parametrize("case", BARE, ids=lambda case: case.key)
def test_a_case_gives_what_workerd_gives(case):
    (ours,) = conformance.run_here([case]).values()
    check(case, ours)


def check(case, ours):
    difference = DIFFERENCES.get(case.key)
    if difference is None:
        assert ours == EXPECTED[case.key]
    else:
        assert ours == difference.ours


@pytest.mark.parametrize("case", IN_WORKERS, ids=lambda case: case.key)
async def test_a_case_in_a_worker_gives_what_workerd_gives(define, case):
    worker = define(conformance.as_worker([case]))
    response = await asyncio.wait_for(worker.fetch("http://case/0"), 10)
    check(case, await response.json())


def test_every_case_is_recorded_and_every_difference_is_one():
    assert {case.key for case in CASES} == EXPECTED.keys()
    assert EXPECTED.keys() >= DIFFERENCES.keys()
    assert [key for key, (_, ours) in DIFFERENCES.items() if ours == EXPECTED[key]] == []
    assert len(CASES) >= 150


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_workerd_still_gives_what_was_recorded():
    try:
        workerd = conformance.find_workerd()
    except Absent as absent:
        pytest.skip(str(absent))
    given = conformance.run_in_workerd(CASES, workerd)
    assert {key: value for key, value in given.items() if value != EXPECTED[key]} == {}
