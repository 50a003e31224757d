"""A spec as a JSON document, and back."""

import json
from dataclasses import fields
from typing import Any

from explorer import __version__
from explorer.rules import no_such, quote
from explorer.spec import ArchitectureSpec, SpecError, as_fields, parse

_FIELDS = [field.name for field in fields(ArchitectureSpec)]


def write_spec(spec: ArchitectureSpec) -> str:
    """Return every choice of a spec, defaults included, with its text form."""
    document = {
        "variant": str(spec),
        "fields": as_fields(spec),
        "written_by": f"ResNet Explorer {__version__}",
    }
    return json.dumps(document, indent=2) + "\n"


def read_spec(text: str) -> ArchitectureSpec:
    """Read a document of `write_spec`.

    Fields that are left out have their defaults. Without `fields`, the text form under
    `variant` says everything, as in what `describe --json` prints.

    Raises:
        SpecError: if the document is none, or stands for no network.
    """
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise SpecError(f"this is no JSON: {error}") from None
    if not isinstance(document, dict) or not document.keys() & {"variant", "fields"}:
        raise SpecError('a spec is a JSON object with "fields", or with "variant", its text form')
    if "fields" not in document:
        return parse(document["variant"])
    spec = _from_fields(document["fields"])
    if "variant" in document and parse(document["variant"]) != spec:
        raise SpecError(
            f"the fields are those of {spec}, but variant is {quote(document['variant'])}: "
            "change one of them, or leave it out"
        )
    return spec


def _from_fields(values: Any) -> ArchitectureSpec:
    if not isinstance(values, dict) or "stages" not in values:
        raise SpecError('"fields" is an object of fields and values, with at least "stages"')
    for field in values:
        if field not in _FIELDS:
            raise SpecError(no_such("field", field, _FIELDS))
    choices: Any = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
    return ArchitectureSpec(**choices)
