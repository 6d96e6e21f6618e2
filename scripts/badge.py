"""Put the badge that opens the first notebook on Binder into a README, or take it out.

It stands below its comment, and only if the remote `origin` is where Binder can read it: on GitHub,
on GitLab, or at an address of https.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
COMMENT = "<!-- scripts/badge puts the badge of Binder here, once there is a remote. -->\n"
NOTEBOOK = "notebooks/01-gateway-and-auth.ipynb"
_address = re.compile(
    r"(?:https?://(?:[^@/]+@)?|(?:ssh://)?git@)([^:/]+)(?::\d+)?[:/](.+?)(?:\.git)?/?"
).fullmatch
_badge = re.compile(r"(?<=-->\n)\[!\[Open the first notebook on Binder\].*\n")


def binder_path(remote: str) -> str | None:
    """Return the path of a repository at Binder; None for one that Binder cannot read."""
    found = _address(remote)
    if found is None:
        return None
    host, repository = found[1].lower(), found[2]
    if host == "github.com":
        return f"gh/{repository}/HEAD"
    if host == "gitlab.com":
        return f"gl/{quote(repository, safe='')}/HEAD"
    return f"git/{quote(remote, safe='')}/HEAD" if remote.startswith("https://") else None


def with_badge(text: str, remote: str) -> str:
    """Return the text of a README with the badge for a remote; without one for an unknown one."""
    path = binder_path(remote)
    text = _badge.sub("", text)
    if path is None:
        return text
    link = f"https://mybinder.org/v2/{path}?labpath={quote(NOTEBOOK, safe='')}"
    image = "https://mybinder.org/badge_logo.svg"
    badge = f"[![Open the first notebook on Binder]({image})]({link})\n"
    return text.replace(COMMENT, COMMENT + badge)


def remote_of(folder: Path) -> str:
    """Return the address of a repository's remote `origin`; an empty text without one."""
    command = ["git", "remote", "get-url", "origin"]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return found.stdout.strip()


def main() -> int:
    """Write the README of this repository, or of the one on the command line."""
    parser = argparse.ArgumentParser(prog="scripts/badge", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    folder = parser.parse_args().folder
    readme, remote = folder / "README.md", remote_of(folder)
    text = readme.read_text(encoding="utf-8")
    readme.write_text(with_badge(text, remote), encoding="utf-8")
    print(f"README has the badge of {remote}." if binder_path(remote) else "README has no badge.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
