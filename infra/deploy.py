"""Deploy the stack to AWS, or only render its template: `python -m infra.deploy --help`.

What can be known beforehand is checked before anything is built: the stage, the parameters' names, and who
one is on AWS. Ranges are limits.js's.
"""

import argparse
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from email import message_from_bytes
from pathlib import Path

import yaml

from infra import build
from infra.aws_account import Account, find_account
from infra.dependencies import MACHINES, Target
from infra.errors import DeployError, InfraError
from infra.naming import stack_name
from infra.node import find_node
from infra.paths import BUILD, OSLS, PROJECT

LOCAL, DEFAULTS = "local", "default"
PARAMETERS = PROJECT / "infra" / "resources" / "parameters.yml"
FAILED, WRONG_USAGE = 1, 2
NUMPY_WHEEL = re.compile(r"numpy-[^/]+\.dist-info/WHEEL")
# CodeDeploy's slowest preference takes 90 minutes; what takes longer has been forgotten by someone.
DEPLOY_TIMEOUT_MINUTES = 120
PACKAGE_TIMEOUT_MINUTES = 5


class WrongUsageError(DeployError):
    """A stage or parameter that there is not."""


def check_stage(verb: str, stage: str) -> None:
    """Raises WrongUsageError for a stage that there is not, or that is not deployed to AWS."""
    if stage == LOCAL:
        if verb == "deploy":
            raise WrongUsageError("stage local is the embedded AWS: `churn local up` deploys it")
    elif stage not in remote_stages():
        raise WrongUsageError(f"unknown stage {stage!r}: choose {' or '.join(remote_stages())}")


def remote_stages() -> list[str]:
    """Those with a section in parameters.yml, but for the embedded AWS's."""
    return [name for name in yaml.safe_load(PARAMETERS.read_text()) if name not in (LOCAL, DEFAULTS)]


def parse_parameters(given: Sequence[str]) -> dict[str, str]:
    """`name=value` texts. Raises WrongUsageError for a name that parameters.yml does not have (osls would
    ignore it).
    """
    known = yaml.safe_load(PARAMETERS.read_text())[DEFAULTS]
    parameters = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise WrongUsageError(f"parameter {text!r}: expected name=value")
        if name == "artifact":
            raise WrongUsageError("parameter artifact: name the zip with ZIP=… (--zip)")
        if name not in known:
            raise WrongUsageError(
                f"unknown parameter {name!r}: infra/resources/parameters.yml has {', '.join(sorted(known))}"
            )
        parameters[name] = value
    return parameters


def zip_for(stage: str, parameters: dict[str, str], given: Path | None) -> Path:
    """The zip to deploy: the given one, else one built for the stage's Python and architecture.

    Raises DeployError where the given one was built for another.
    """
    of_stage = yaml.safe_load(PARAMETERS.read_text())
    resolved = {**of_stage[DEFAULTS], **(of_stage.get(stage) or {}), **parameters}
    target = Target(str(resolved["python"]), str(resolved["architecture"]))
    if given is None:
        return build.build_zip(target.python, target.arch).path
    if not given.is_file():
        raise DeployError(f"{given}: no such file; `make package` builds it")
    found = numpy_tag(given)
    tag = f"cp{target.python.replace('.', '')}", MACHINES[target.arch]
    if found and not (found.startswith(tag[0]) and found.endswith(tag[1])):
        raise DeployError(
            f"{given} was built for {found}, but stage {stage} is {target.name}: name another ARCH"
        )
    return given.resolve()


def numpy_tag(archive: Path) -> str:
    """What numpy in a zip was built for, such as cp313-cp313-manylinux_2_28_x86_64; empty without numpy."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if NUMPY_WHEEL.fullmatch(name):
                    return str(message_from_bytes(opened.read(name))["Tag"])
    except zipfile.BadZipFile:
        raise DeployError(f"{archive}: not a zip; `make package` builds one") from None
    return ""


def run_osls(
    verb: str, stage: str, parameters: dict[str, str], account: Account | None, *options: str
) -> None:
    """Run osls to its end, its output passed on. Raises DeployError where it fails or takes too long."""
    node = find_node()
    command = [str(node / "node"), str(OSLS), verb, "--stage", stage, *options]
    for name, value in parameters.items():
        command += ["--param", f"{name}={value}"]
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
    environment |= {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"}
    minutes = PACKAGE_TIMEOUT_MINUTES
    if account:
        # osls knows fewer kinds of profile than boto3, so it is given what boto3 found.
        environment.pop("AWS_PROFILE", None)
        environment |= account.credentials
        command += ["--region", account.region]
        minutes = DEPLOY_TIMEOUT_MINUTES
    try:
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, timeout=minutes * 60, check=False
        )
    except subprocess.TimeoutExpired:
        raise DeployError(
            f"osls {verb} took over {minutes} minutes and was stopped; CloudFormation may go on: "
            "look at the stack's events"
        ) from None
    if done.returncode != 0:
        raise DeployError(f"osls {verb} of stage {stage} failed, for the reason above")


def package(stage: str, parameters: dict[str, str], given: Path | None) -> None:
    """Build the zip and render the template to build/package-STAGE/, without AWS."""
    artifact = zip_for(stage, parameters, given)
    out = BUILD / f"package-{stage}"
    run_osls("package", stage, {**parameters, "artifact": str(artifact)}, None, "--package", str(out))


def deploy(stage: str, parameters: dict[str, str], given: Path | None) -> None:
    """Deploy the stack of a stage to the account of the AWS credentials at hand."""
    account = find_account(os.environ.get("AWS_REGION"))  # which boto3 itself does not read
    stack = stack_name(parameters.get("schema", "telco"), stage)
    say(f"deploying {stack} to account {account.number}, {account.region}, as {account.caller}")
    artifact = zip_for(stage, parameters, given)
    run_osls("deploy", stage, {**parameters, "artifact": str(artifact)}, account)
    say(f"{stack} is deployed; `make smoke STAGE={stage}` tries it")


def say(line: str) -> None:
    """One line for the person at the terminal."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("verb", choices=("deploy", "package"), help="package needs no AWS account")
    parser.add_argument("--stage", required=True, help="one that parameters.yml has")
    parser.add_argument("--zip", type=Path, help="deploy these bytes instead of building them")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    arguments = parser.parse_args()
    try:
        check_stage(arguments.verb, arguments.stage)
        parameters = parse_parameters(arguments.param)
        {"deploy": deploy, "package": package}[arguments.verb](arguments.stage, parameters, arguments.zip)
    except InfraError as error:
        say(f"{arguments.verb} failed: {error}")
        return WRONG_USAGE if isinstance(error, WrongUsageError) else FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
