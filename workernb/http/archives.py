"""Archives, as the body of a response that is unpacked."""

from __future__ import annotations

import os
import shutil
import tempfile

_TYPES = {
    "application/zip": "zip",
    "application/x-zip-compressed": "zip",
    "application/x-tar": "tar",
    "application/gzip": "gztar",
    "application/x-gzip": "gztar",
    "application/x-bzip2": "bztar",
    "application/x-xz": "xztar",
}
_ALIASES = {"tgz": "gztar", "tbz2": "bztar", "wheel": "zip", "whl": "zip"}


def unpack(data: bytes, folder: str | os.PathLike[str], kind: str, name: str) -> None:
    """Unpack an archive into a folder, which its members cannot leave.

    kind: a format of `shutil.unpack_archive`, a MIME type, or empty. name: a file name whose ending
    says the format if kind does not. Raises ValueError for an unknown format, shutil.ReadError for
    data that is no such archive.
    """
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(data)
    try:
        made = _format(kind, name)
        # Only tar's formats take a filter; zip's members are checked in any case.
        extra = {} if made == "zip" else {"filter": "data"}
        shutil.unpack_archive(file.name, folder, made, **extra)  # type: ignore[arg-type]
    finally:
        os.unlink(file.name)


def _format(kind: str, name: str) -> str:
    formats = {each: endings for each, endings, _ in shutil.get_unpack_formats()}
    given = kind.partition(";")[0].strip().lower().removeprefix(".")
    found = _TYPES.get(given) or _ALIASES.get(given, given)
    if found in formats:
        return found
    for each, endings in formats.items():
        if name.endswith((*endings, f".{each}")):
            return each
    if name.endswith(".whl"):
        return "zip"
    raise ValueError(f"Unknown archive format {given!r}: it can be {', '.join(sorted(formats))}.")
