"""Files that a command is asked to write: found out to be impossible before the work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

from cli.errors import CommandError


def require_file(option: str, path: Path) -> None:
    """Raise CommandError unless `path` can be written as a file."""
    if path.is_dir() or not _takes_files(path.absolute().parent):
        raise CommandError(f"{option} {path}: expected a file in a folder that is there and can be written")
    if path.exists() and not os.access(path, os.W_OK):
        raise CommandError(f"{option} {path}: the file that is there cannot be overwritten; name another")


def require_folder(option: str, path: Path) -> None:
    """Raise CommandError unless `path` is a folder that can be written, or can be made."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not _takes_files(there):
        raise CommandError(f"{option} {path}: expected a folder that can be written")


def _takes_files(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK)
