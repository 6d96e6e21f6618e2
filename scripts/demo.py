"""Run the first notebook, or another one, as `workernb run` does.

Pictures are saved under artifacts/demo. With --save, the outputs go into the notebook file, as they
are committed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from workernb.cli.run import NotebookRun

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "artifacts" / "demo"


def main() -> int:
    """Run the notebook named on the command line, or the first one."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    first = sorted((ROOT / "notebooks").glob("*.ipynb"))[0]
    parser.add_argument("notebook", nargs="?", type=Path, default=first)
    parser.add_argument("--save", action="store_true", help="put the outputs into the file")
    options = parser.parse_args()
    return NotebookRun(options.notebook, PICTURES).run(save=options.save)


if __name__ == "__main__":
    sys.exit(main())
