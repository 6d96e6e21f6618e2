"""`workernb run`: a notebook from its first cell to its last, in a kernel of its own."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

from workernb.errors import UsageError

from .commands import Command

TIMEOUT_S = 600
"""How long (s) a cell may take."""

_WIDGET = "application/vnd.jupyter.widget-view+json"
_ENDINGS = {"image/svg+xml": "svg", "image/png": "png"}


def _parser() -> Command:
    parser = Command(
        "run",
        "Run a notebook in a kernel of its own, and print what a reader would see. The exit code "
        "is 1 if a cell fails.",
        ["workernb run system.ipynb", "workernb run system.ipynb --save --pictures out/"],
    )
    add = parser.add_argument
    add("--save", action="store_true", help="put the outputs into the file, without widget state")
    add("--pictures", metavar="FOLDER", help="save the pictures there")
    return parser


def help_text() -> str:
    """Return the command's help."""
    return _parser().help_text()


def run(words: list[str]) -> int:
    """Run the command, and return its exit code."""
    typed = _parser().parse_words(words)
    folder = None if typed.pictures is None else Path(typed.pictures)
    return NotebookRun(Path(typed.notebook).expanduser(), folder).run(save=typed.save)


class NotebookRun:
    """One run of a notebook."""

    def __init__(self, path: Path, pictures: Path | None) -> None:
        """Read the notebook; UsageError if it cannot be, or if nbclient is not there.

        pictures: the folder that its pictures are saved in, or None.
        """
        self._path = path
        self._pictures = pictures
        try:
            import nbformat
        except ImportError:
            raise UsageError(
                "workernb run needs nbclient: pip install 'workernb[lab]' has it."
            ) from None
        try:
            self._notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
        except Exception:
            raise UsageError(f"{path} is no notebook.") from None
        self._code = [cell for cell in self._notebook.cells if cell.cell_type == "code"]

    def run(self, *, save: bool = False) -> int:
        """Run all cells, and return 0; or 1 at the first one that fails, whose error is printed."""
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError

        if self._pictures is not None:
            self._pictures.mkdir(parents=True, exist_ok=True)
        count = len(self._code)
        cells = (
            "1 cell, in a kernel of its own"
            if count == 1
            else f"{count} cells, in a kernel of their own"
        )
        print(f"{self._path.name}: {cells}")
        client = NotebookClient(
            self._notebook,
            timeout=TIMEOUT_S,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],  # It warns of how it is reached.
            resources={"metadata": {"path": str(self._path.parent)}},
            on_cell_start=self._started,
            on_cell_executed=self._executed,
        )
        try:
            client.execute()
        except CellExecutionError as error:
            print(error, file=sys.stderr)
            return 1
        if save:
            self._save()
        print(f"\nAll {count} cells ran." if count != 1 else "\nThe cell ran.")
        return 0

    def _started(self, cell: Any, cell_index: int) -> None:
        if cell.cell_type == "code":
            first_line = cell.source.split("\n", 1)[0]
            print(f"\n[{self._code.index(cell) + 1}/{len(self._code)}] {first_line}", flush=True)

    def _executed(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        for number, output in enumerate(cell.outputs):
            self._show(output, f"{self._code.index(cell) + 1:02d}-{number}")

    def _show(self, output: Any, name: str) -> None:
        """Print an output as text, and save its pictures."""
        if output.output_type == "stream":
            print(_indented(output.text))
            return
        data = output.get("data", {})
        if "text/plain" in data:
            print(_indented(data["text/plain"]))
        for kind, ending in _ENDINGS.items():
            if kind in data and self._pictures is not None:
                picture = self._pictures / f"{name}.{ending}"
                content = data[kind]
                picture.write_bytes(
                    base64.b64decode(content) if kind == "image/png" else content.encode()
                )
                print(f"    saved {picture}")

    def _save(self) -> None:
        """Write the notebook with its outputs, and nothing in it that the next run would change."""
        import nbformat

        self._notebook.metadata.pop("widgets", None)
        for cell in self._notebook.cells:
            cell.metadata.pop("execution", None)
            if cell.cell_type == "code":
                # The still picture beside each widget stays.
                cell.outputs = [one for one in cell.outputs if _WIDGET not in one.get("data", {})]
        nbformat.write(self._notebook, self._path)  # type: ignore[no-untyped-call]


def _indented(text: str) -> str:
    """Return text set off from the progress lines."""
    return "\n".join(f"    {line}" for line in text.rstrip("\n").split("\n"))
