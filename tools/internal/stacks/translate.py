"""Translates templates as a deployment does, one for each job that it reads.

Reads {"region": …, "jobs": [{"folder": …, "stage": …, "overrides": {…}}]} and writes a
list with, for each job, {"stack": …, "region": …, "parameters": {…}, "template": {…}} or
{"error": …}. Folders have template.yaml and samconfig.toml. The code of a function becomes
the key of its folder, since where sam deploy uploads it is not known.
"""

import json
import os
import sys
import tomllib


def configuration(folder, stage):
    """What samconfig.toml says of a deployment; default is of stacks that all stages share."""
    from samcli.cli.types import CfnParameterOverridesType

    with open(os.path.join(folder, "samconfig.toml"), "rb") as file:
        sections = tomllib.load(file)
    section = sections.get(stage) or sections.get("default")
    if section is None:
        raise ValueError(f"samconfig.toml has no section {stage}")
    said = section["deploy"]["parameters"]
    overrides = said.get("parameter_overrides", [])
    if isinstance(overrides, str):
        overrides = [overrides]
    parameters = {}
    for one in overrides:
        parameters.update(CfnParameterOverridesType().convert(one, None, None))
    return said["stack_name"], said.get("region"), parameters


def include(node, folder):
    """Puts what AWS::Include names in its place, which CloudFormation does before other transforms."""
    from samcli.yamlhelper import yaml_parse

    if isinstance(node, list):
        return [include(item, folder) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: include(value, folder) for key, value in node.items()}
    transform = node.get("Fn::Transform")
    if isinstance(transform, dict) and transform.get("Name") == "AWS::Include":
        del node["Fn::Transform"]
        with open(os.path.join(folder, transform["Parameters"]["Location"])) as file:
            node.update(include(yaml_parse(file.read()), folder))
    return node


def translate(job, region):
    import boto3
    from samcli.lib.translate.sam_template_validator import SamTemplateValidator
    from samcli.yamlhelper import yaml_parse
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    folder = job["folder"]
    name, own_region, parameters = configuration(folder, job["stage"])
    parameters.update(job.get("overrides") or {})
    region = own_region or region
    with open(os.path.join(folder, "template.yaml")) as file:
        template = include(yaml_parse(file.read()), folder)
    # What the translator is told by CloudFormation: given values and defaults.
    values = {key: said["Default"] for key, said in template.get("Parameters", {}).items() if "Default" in said}
    values.update(parameters)
    transforms = template.get("Transform", [])
    transforms = [transforms] if isinstance(transforms, str) else transforms
    if "AWS::Serverless-2016-10-31" in transforms:
        for resource in template["Resources"].values():
            code = resource.get("Properties", {}).get("CodeUri")
            if resource["Type"] == "AWS::Serverless::Function" and isinstance(code, str):
                key = os.path.relpath(os.path.join(folder, code), job["root"])
                resource["Properties"]["CodeUri"] = {"Bucket": "code", "Key": key.replace(os.sep, "/")}
        # Plugins that would ask AWS are left out.
        translator = Translator(
            managed_policy_map={},
            sam_parser=Parser(),
            plugins=[],
            boto_session=boto3.Session(region_name=region, aws_access_key_id="none", aws_secret_access_key="none"),
        )
        template = translator.translate(sam_template=template, parameter_values=dict(values))
    return {"stack": name, "region": region, "parameters": parameters, "template": template}


def main():
    task = json.load(sys.stdin)
    results = []
    for job in task["jobs"]:
        try:
            results.append(translate(job, task["region"]))
        except Exception as e:
            causes = [cause.message for cause in getattr(e, "causes", [])] or [f"{type(e).__name__}: {e}"]
            results.append({"error": "; ".join(causes)})
    json.dump(results, sys.stdout)


main()
