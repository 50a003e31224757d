"""The text form of a recipe: its name, then field=value, as in `short,batch=64,flip=false`."""

from collections.abc import Mapping
from typing import Any

from explorer.rules import no_such, quote

_LARGEST_DIGITS = 9


class RecipeError(ValueError):
    """Why a recipe cannot be followed, in one sentence."""


def split(text: str) -> tuple[str, dict[str, str]]:
    """Return the name and the settings of a text form, not yet read.

    Raises:
        RecipeError: for a part that sets nothing, or a field that is set twice.
    """
    name, *parts = (part.strip() for part in text.split(","))
    settings: dict[str, str] = {}
    for part in parts:
        field, equals, value = (word.strip() for word in part.partition("="))
        if not equals or not value:
            raise RecipeError(f"{quote(part)} is not of the form field=value")
        if field in settings:
            raise RecipeError(f"{' '.join(field.split())[:60]} is given twice")
        settings[field] = value
    return name, settings


def join(name: str, settings: Mapping[str, str]) -> str:
    """Return the text form, fields in the alphabet's order."""
    return ",".join([name, *(f"{field}={settings[field]}" for field in sorted(settings))])


def written(value: object) -> str:
    """Return one value as a text form has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return str(value)


def read(field: str, value: str, kinds: Mapping[str, Any]) -> object:
    """Return one value as the recipe has it.

    Args:
        kinds: the type of each field.
    Raises:
        RecipeError: for an unknown field, or a value of another type.
    """
    if field not in kinds:
        raise RecipeError(no_such("setting", field, tuple(kinds)))
    kind = kinds[field]
    if kind is str:
        return value
    if kind is bool:
        if value.lower() not in ("true", "false"):
            raise RecipeError(f"{field}={quote(value)}: true or false")
        return value.lower() == "true"
    if kind is float:
        return _number(field, value)
    if kind == tuple[float, ...]:
        return tuple(_number(field, part) for part in value.split("-"))
    if not (value.isascii() and value.isdigit() and len(value) <= _LARGEST_DIGITS):
        raise RecipeError(f"{field}={quote(value)}: a whole number")
    return int(value)


def _number(field: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise RecipeError(f"{field}={quote(value)}: a number") from None
