"""Zip files whose bytes depend on nothing but the content: fixed order, times and permissions."""

import zipfile
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
READABLE_FILE = 0o100644 << 16
UNIX = 3


def add_tree(archive: Path, tree: Path) -> None:
    """Append all files under `tree` to `archive` (made when absent), named relative to `tree`."""
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED, compresslevel=6) as output:
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = UNIX
                entry.external_attr = READABLE_FILE
                output.writestr(entry, path.read_bytes(), compresslevel=6)
