"""The sources of a Worker on disk: its main module, and the modules beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path

from workernb.errors import UsageError, did_you_mean, with_notes
from workernb.runtime.services.languages import MODULE_SUFFIXES, PYTHON, language_of

MAX_MODULES = 500
"""How many modules may stand beside a main module."""

MAX_MB = 10
"""How large they may be together: the platform's limit of a Worker's size."""

TYPESCRIPT = frozenset({".ts", ".tsx", ".mts", ".cts"})

_LEFT_OUT = {"__pycache__", "node_modules", "python_modules"}
"""Folders that hold no code of the Worker's own."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a main module's file says, and the modules below its folder, by path.

    main: the file's name, None if it is none that can be imported.
    """

    source: str
    modules: dict[str, str]
    main: str | None


def read_sources(typed: str, folder: Path = Path()) -> Sources:
    """Return the sources of the Worker whose main module is a file, as Wrangler finds them.

    The modules are all Python files in its folder and the folders below, except for hidden ones,
    installed packages and those whose path cannot be imported; of a main module in JavaScript, all
    files that it could import. typed: the file's path as a user
    has written it. folder: where a relative path begins. Raises UsageError for what cannot be read.
    """
    file = folder / Path(typed).expanduser()
    if file.suffix in TYPESCRIPT:
        raise with_notes(
            UsageError(f"{typed} is TypeScript, which does not run here."),
            "npx wrangler deploy --dry-run --outdir dist makes JavaScript of it.",
        )
    if file.suffix not in (".py", ".js", ".mjs"):
        raise UsageError(
            f"{typed} is no Python file, nor one of JavaScript's: "
            "--file src/entry.py, src/index.js."
        )
    language = language_of(file.name)
    source = _read(file, typed)
    modules: dict[str, str] = {}
    size = len(source)
    for path in _module_paths(file.parent, language):
        if path == file.name:
            continue
        modules[path] = _read(file.parent / path, str(Path(typed).parent / path))
        size += len(modules[path])
        if len(modules) > MAX_MODULES or size > MAX_MB * 1_000_000:
            raise with_notes(
                UsageError(
                    f"There are more than {MAX_MODULES} modules or {MAX_MB} MB beside {typed}, all "
                    "of which would belong to the Worker."
                ),
                "Move the Worker's code into a folder of its own.",
            )
    return Sources(source, modules, file.name if _is_module(file.name, language) else None)


def _module_paths(folder: Path, language: str) -> Iterator[str]:
    """Yield the paths of a folder's modules, relative to it."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_code_folder(Path(root, name), language))
        for name in sorted(files):
            relative = Path(root, name).relative_to(folder).as_posix()
            # A main module of Python's is in no package.
            if _is_module(name, language) and relative != "__init__.py":
                yield relative


def _is_module(name: str, language: str) -> bool:
    """Return whether a Worker of this language could import a file of this name."""
    if not name.endswith(MODULE_SUFFIXES[language]):
        return False
    if language == PYTHON:
        return _can_be_imported(Path(name).stem)
    return not name.startswith(".") and name not in _OF_PACKAGES


_OF_PACKAGES = {"package.json", "package-lock.json", "tsconfig.json"}
"""Files beside a Worker's code that no code imports."""


def _is_code_folder(folder: Path, language: str) -> bool:
    if language == PYTHON:
        return _is_package_folder(folder)
    return folder.name not in _LEFT_OUT and not folder.name.startswith(".")


def _is_package_folder(folder: Path) -> bool:
    return (
        folder.name not in _LEFT_OUT
        and _can_be_imported(folder.name)
        and not (folder / "pyvenv.cfg").exists()
    )


def _can_be_imported(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)


def _read(file: Path, typed: str) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        beside = [
            str(Path(typed).with_name(one.name)) for one in file.parent.glob(f"*{file.suffix}")
        ]
        raise with_notes(
            UsageError(f"{typed} cannot be read: {error.strerror}."), did_you_mean(typed, beside)
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{typed} is not UTF-8: its byte {error.start} is none.") from None
