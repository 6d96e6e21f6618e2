"""Run the first notebook in a real kernel, and print what a reader would see of it.

Pictures are saved under artifacts/demo. Ends with an error if a cell does. With --save, the
outputs go into the notebook file, as they are committed: without widget state or times.
"""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "artifacts" / "demo"
WIDGET = "application/vnd.jupyter.widget-view+json"
ENDINGS = {"image/svg+xml": "svg", "image/png": "png"}


def main() -> int:
    """Run the notebook named on the command line, or the first one."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    first = sorted((ROOT / "notebooks").glob("*.ipynb"))[0]
    parser.add_argument("notebook", nargs="?", type=Path, default=first)
    parser.add_argument("--save", action="store_true", help="put the outputs into the file")
    options = parser.parse_args()
    path: Path = options.notebook
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    PICTURES.mkdir(parents=True, exist_ok=True)
    print(f"{path.name}: {len(code)} cells, in a kernel of their own")

    def started(cell: Any, cell_index: int) -> None:
        if cell.cell_type == "code":
            first_line = cell.source.split("\n", 1)[0]
            print(f"\n[{code.index(cell) + 1}/{len(code)}] {first_line}", flush=True)

    def executed(cell: Any, cell_index: int, execute_reply: Any) -> None:
        for number, output in enumerate(cell.outputs):
            show(output, f"{code.index(cell) + 1:02d}-{number}")

    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=started,
        on_cell_executed=executed,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    if options.save:
        save(notebook, path)
    print(f"\nAll {len(code)} cells ran. Pictures are in {PICTURES.relative_to(ROOT)}/")
    return 0


def save(notebook: Any, path: Path) -> None:
    """Write a notebook with its outputs, and nothing in it that the next run would change."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            # The still picture beside each widget stays.
            cell.outputs = [one for one in cell.outputs if WIDGET not in one.get("data", {})]
    nbformat.write(notebook, path)


def show(output: Any, name: str) -> None:
    """Print an output as text, and save its pictures."""
    if output.output_type == "stream":
        print(indented(output.text))
        return
    data = output.get("data", {})
    if "text/plain" in data:
        print(indented(data["text/plain"]))
    for kind, ending in ENDINGS.items():
        if kind in data:
            picture = PICTURES / f"{name}.{ending}"
            content = data[kind]
            picture.write_bytes(
                base64.b64decode(content) if kind == "image/png" else content.encode()
            )
            print(f"    saved {picture.relative_to(ROOT)}")


def indented(text: str) -> str:
    """Return text set off from the progress lines."""
    return "\n".join(f"    {line}" for line in text.rstrip("\n").split("\n"))


if __name__ == "__main__":
    sys.exit(main())
