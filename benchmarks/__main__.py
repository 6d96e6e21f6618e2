"""Measure a hop, the same work by other means, and behaviour under load: `python -m benchmarks`.

Everything is measured in one run, interleaved round by round, because a machine's speed drifts.
Figures are medians of the rounds, as ratios to `bare` in the same run. Every result is asserted,
and each call has its own URL and header value.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import platform
import statistics
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks import javascript, languages, load, peers, rpc, streams, workers
from benchmarks.ours import ours, per_call, urls_of
from benchmarks.results import Result, Results, Round, table

SAME_WORK = "the same work"


async def loads() -> dict[Result, Round]:
    """Return the rounds that measure behaviour under load."""
    gateway, _ = workers.define()
    rounds: dict[Result, Round] = {}
    for number in load.REQUESTS_AT_ONCE:
        rounds[Result("a request, of so many at once", number)] = load.at_once(gateway, number)
    for number in load.CHAINS:
        rounds[Result("a hop, in a chain of so many Workers", number)] = load.chain(number)
    for number in load.WORKERS_DEFINED:
        rounds[Result("defining a Worker, of so many", number)] = load.defining(number)
        with_many = Result("a request, with so many Workers defined", number)
        rounds[with_many] = await load.defined(number)
    return rounds


async def measure(rounds: int, calls: int, without: set[str]) -> Results:
    """Run everything, round by round, and return the median seconds of a call of each kind."""
    urls = urls_of(calls)
    async with AsyncExitStack() as stack:
        same_work = {name: work.run for name, work in ours(urls).items()} | rpc.rounds()
        same_work |= languages.rounds(urls)
        if "peers" not in without:
            for name, peer in peers.PEERS.items():
                same_work[name] = per_call(await stack.enter_async_context(peer()), urls[:200])
        if "javascript" not in without:
            try:
                same_work.update(await stack.enter_async_context(javascript.rounds()))
            except javascript.Absent as reason:
                print(reason)
        kinds = {Result(SAME_WORK, name): run for name, run in same_work.items()}
        kinds.update(streams.rounds())
        if "load" not in without:
            kinds.update(await loads())
        # Otherwise whatever allocates would pay for collections of the peers' modules.
        gc.collect()
        gc.freeze()
        seconds: dict[Result, list[float]] = {kind: [] for kind in kinds}
        for _ in range(rounds):
            for kind, run in kinds.items():
                seconds[kind].append(await run())
    return {kind: statistics.median(values) for kind, values in seconds.items()}


def main() -> None:
    """Measure, print the table, and draw the chart if `--chart` is given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="rounds of everything (9)")
    parser.add_argument("--calls", type=int, default=1000, help="calls in a round (1000)")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw a chart too: an SVG")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=["peers", "javascript", "load"],
        help="leave something out; may be given again",
    )
    options = parser.parse_args()
    machine = f"Python {platform.python_version()}, {platform.machine()}, {options.rounds} rounds"
    print(machine)
    results = asyncio.run(measure(options.rounds, options.calls, set(options.without)))
    print(table(results))
    if options.chart is not None:
        from benchmarks.chart import draw

        draw(results, machine, options.chart)
        print(f"The chart is in {options.chart}")


if __name__ == "__main__":
    main()
