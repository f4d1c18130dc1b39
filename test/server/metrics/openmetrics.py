"""Reads OpenMetrics text by the reference parser and prints families as JSON. Ends with 1 if the text is not right."""
import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = {}
for family in text_string_to_metric_families(sys.stdin.buffer.read().decode("utf-8")):
    samples = [{"name": s.name, "labels": s.labels, "value": str(s.value)} for s in family.samples]
    if family.name in families:
        sys.exit(f"{family.name} is there twice")
    families[family.name] = {
        "type": family.type,
        "unit": family.unit,
        "help": family.documentation,
        "samples": samples,
    }
print(json.dumps(families))
