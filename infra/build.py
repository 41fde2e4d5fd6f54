"""Make the Lambda zip without Docker, with the same bytes each time: `python -m infra.build --help`."""

import argparse
import hashlib
import platform
import shutil
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from infra.dependencies import Target, compile_tree, dependencies_for
from infra.errors import BuildError
from infra.paths import BUILD, PROJECT
from infra.reproducible_zip import add_tree

OUR_PACKAGES = ("contract", "scorer")
OUR_FILES = ("*.py", "*.json")
DEFAULT_PYTHON = "3.13"
DEFAULT_ARCH = "x86_64"
MAX_ZIPPED_BYTES = 35_000_000
MAX_UNZIPPED_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class BuiltZip:
    """A Lambda zip; `compiled` says whether it has .pyc files (without, cold starts take longer)."""

    path: Path
    sha256: str
    size_bytes: int
    unzipped_bytes: int
    compiled: bool


def build_zip(
    python: str = DEFAULT_PYTHON,
    arch: str = DEFAULT_ARCH,
    out: Path | None = None,
    *,
    this_machine: bool = False,
) -> BuiltZip:
    """Build the zip for a Lambda runtime, or for the machine at hand (an emulator that is not on Linux).

    The dependencies are cached under build/ by lock and target, so a change of our own code takes under a
    second. Raises BuildError when they cannot be installed or the zip is over its budget.
    """
    target = Target(python, arch, this_machine)
    dependencies = dependencies_for(target)
    path = out or BUILD / "lambda" / f"churn-{target.name}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
        code = Path(temporary, "code")
        _copy_our_code(code)
        compile_tree(code, dependencies.compiler)
        partial = Path(temporary, path.name)
        shutil.copy(dependencies.archive, partial)
        add_tree(partial, code)
        built = _measure(partial, path, compiled=dependencies.compiler is not None)
        partial.replace(path)
    return built


def build_for_this_machine() -> BuiltZip:
    """The zip that an emulator on this machine runs, with the interpreter that runs this."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    arch = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    return build_zip(python, arch, this_machine=sys.platform != "linux")


def _copy_our_code(code: Path) -> None:
    for package in OUR_PACKAGES:
        for pattern in OUR_FILES:
            for source in sorted((PROJECT / package).rglob(pattern)):
                copy = code / source.relative_to(PROJECT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)


def _measure(partial: Path, path: Path, *, compiled: bool) -> BuiltZip:
    with zipfile.ZipFile(partial) as archive:
        unzipped = sum(entry.file_size for entry in archive.infolist())
    zipped = partial.stat().st_size
    for name, size, budget in (
        ("zipped", zipped, MAX_ZIPPED_BYTES),
        ("unzipped", unzipped, MAX_UNZIPPED_BYTES),
    ):
        if size > budget:
            raise BuildError(
                f"the Lambda zip is {size / 1e6:.1f} MB {name}, over its budget of {budget / 1e6:.0f} MB: "
                "prune more in infra/dependencies.py"
            )
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    return BuiltZip(path, digest, zipped, unzipped, compiled)


def main() -> int:
    """Entry point: the path on stdout, everything else on stderr."""
    parser = argparse.ArgumentParser(prog="python -m infra.build", description=__doc__)
    parser.add_argument("--python", default=DEFAULT_PYTHON, help="Lambda's Python (default %(default)s)")
    parser.add_argument("--arch", default=DEFAULT_ARCH, help="x86_64 or arm64 (default %(default)s)")
    parser.add_argument("--out", type=Path, help="the zip to write (default under build/lambda/)")
    arguments = parser.parse_args()
    try:
        built = build_zip(arguments.python, arguments.arch, arguments.out)
    except BuildError as error:
        print(f"build failed: {error}", file=sys.stderr)
        return 1
    size = f"{built.size_bytes / 1e6:.1f} MB zipped, {built.unzipped_bytes / 1e6:.1f} MB unzipped"
    print(f"{size}, sha256 {built.sha256[:12]}", file=sys.stderr)
    if not built.compiled:
        print(f"no python{arguments.python} here to compile .pyc: cold starts take longer", file=sys.stderr)
    print(built.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
