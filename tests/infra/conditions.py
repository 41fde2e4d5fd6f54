"""What CloudFormation makes of a template's conditions, which compare constants and parameters' defaults."""

from __future__ import annotations

from typing import Any

Resources = dict[str, dict[str, Any]]
NO_VALUE = {"Ref": "AWS::NoValue"}


def as_deployed(template: dict[str, Any]) -> Resources:
    """The resources that there would be, with every Fn::If decided and every parameter filled in."""
    return {
        name: _decided(resource, template)
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or _holds(template, {"Condition": resource["Condition"]})
    }


def _decided(value: Any, template: dict[str, Any]) -> Any:
    if isinstance(value, list):
        decided = [_decided(inner, template) for inner in value]
        return [inner for inner in decided if inner != NO_VALUE]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::If"}:
        condition, yes, no = value["Fn::If"]
        return _decided(yes if _holds(template, {"Condition": condition}) else no, template)
    if set(value) == {"Ref"} and value["Ref"] in template.get("Parameters", {}):
        return template["Parameters"][value["Ref"]]["Default"]
    decided = {key: _decided(inner, template) for key, inner in value.items()}
    return {key: inner for key, inner in decided.items() if inner != NO_VALUE}


def _holds(template: dict[str, Any], condition: dict[str, Any]) -> bool:
    [(kind, of)] = condition.items()
    if kind == "Condition":
        return _holds(template, template["Conditions"][of])
    if kind == "Fn::Not":
        return not _holds(template, of[0])
    if kind in ("Fn::And", "Fn::Or"):
        return (all if kind == "Fn::And" else any)(_holds(template, inner) for inner in of)
    assert kind == "Fn::Equals", kind
    left, right = (str(_decided(side, template)) for side in of)
    return left == right
