"""The results as a chart: the peers on a logarithmic scale, and curves for the load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.results import Results, bare

INK, BLUE, ORANGE, GREY = "#16191d", "#0072b2", "#d55e00", "#69727c"

CURVES = {
    "requests at once": {"a request, of so many at once": "a request"},
    "Workers in a chain": {"a hop, in a chain of so many Workers": "a hop"},
    "Workers defined": {
        "a request, with so many Workers defined": "a request",
        "defining a Worker, of so many": "defining a Worker",
    },
}
"""For each curve's axis, the groups of results that it shows, and the label of each."""


def draw(results: Results, machine: str, path: Path) -> None:
    """Draw the results into a file, whose suffix says in which format."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "workernb"  # So that equal pictures are equal files.
    figure = Figure(figsize=(12, 8.5), layout="constrained")
    figure.suptitle(f"What a call costs, as a multiple of two bare coroutines ({machine})")
    grid = figure.add_gridspec(2, 3, height_ratios=[1.25, 1])
    _same_work(figure.add_subplot(grid[0, :]), results)
    for column, (label, groups) in enumerate(CURVES.items()):
        _curve(figure.add_subplot(grid[1, column]), results, label, groups)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _same_work(axes: Any, results: Results) -> None:
    rows = [(str(r.what), s / bare(results)) for r, s in results.items() if isinstance(r.what, str)]
    rows.sort(key=lambda row: -row[1])
    ours = ("a hop:", "gateway to auth, from")
    colors = [
        BLUE if name.startswith(ours) else INK if name == "bare" else GREY for name, _ in rows
    ]
    bars = axes.barh([name for name, _ in rows], [value for _, value in rows], color=colors)
    axes.bar_label(bars, [f" {value:,.1f}" for _, value in rows])
    axes.set_xscale("log")
    axes.set_xlim(0.5, max(value for _, value in rows) * 2.5)
    axes.set_xlabel("× bare, on a logarithmic scale (ours in blue)")
    axes.spines[["top", "right"]].set_visible(False)


def _curve(axes: Any, results: Results, label: str, groups: dict[str, str]) -> None:
    """Draw the cost of one over their number; the curve is level if the total grows linearly."""
    axes.set_xscale("log")
    for (group, what), color in zip(groups.items(), (BLUE, ORANGE), strict=False):
        points = [(r.what, s / bare(results)) for r, s in results.items() if r.group == group]
        if points:
            numbers, values = zip(*points, strict=True)
            axes.plot(numbers, values, "o-", color=color, label=what)
            axes.axhline(values[0], color=color, linewidth=0.8, linestyle="--", alpha=0.6)
            axes.set_xticks(numbers, [f"{number:,}" for number in numbers], minor=False)
            axes.set_xticks([], minor=True)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.15)
    axes.set_xlabel(label)
    axes.set_ylabel("× bare, each")
    axes.legend(loc="best", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
