"""Where the errors of a model stand in the text that it was read from. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from shared.marked.marks import Content, MarkedText, Place
from shared.marked.problems import TextProblem
from shared.marked.wording import describe_error

Schema = Mapping[str, Any]


def locate(
    marked: MarkedText, place: Place, code: str, message: str, hint: str = "", *, key: bool = False
) -> TextProblem:
    """A problem with the value, or with the `key`, at a place."""
    path = ".".join(map(str, place))
    return TextProblem(marked.find_mark(place, key=key), path, code, message, hint)


def list_model_problems(
    marked: MarkedText, error: ValidationError, schema: Schema, skip: Collection[Place] = ()
) -> Iterator[TextProblem]:
    """The errors of a model, each where it stands.

    A list that is too short because an entry is wrong is not told beside the entry.

    Args:
        marked: the text.
        error: of the model, which was validated with the text's content.
        schema: the model's JSON Schema, for the keys that are known at a place.
        skip: places whose own checks are not told, because another problem tells the cause.
    """
    errors = error.errors(include_url=False)
    for each in errors:
        location = each["loc"]
        if location in skip and each["type"] == "value_error":
            continue
        if each["type"] == "too_short" and any(
            len(other["loc"]) > len(location) and other["loc"][: len(location)] == location
            for other in errors
        ):
            continue
        allowed = _list_allowed(schema, location[:-1])
        code, message, hint = describe_error(each, allowed)
        if each["type"] == "union_tag_invalid":
            location = (*location, str(each["ctx"]["discriminator"]).strip("'"))
        place = _find_place(marked.content, location)
        yield locate(marked, place, code, message, hint, key=code == "unknown-key")


def _find_place(content: Content, location: Place) -> Place:
    """The place of a model's error: without the names of types that its location also has."""
    place: list[str | int] = []
    for part in location:
        if isinstance(content, dict) and part in content:
            content = content[str(part)]
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            continue
        place.append(part)
    return tuple(place)


def _list_allowed(root: Schema, location: Place) -> list[str]:
    """The keys that a schema knows at a location."""
    schemas = _expand(root, root)
    for part in location:
        inner = [each for schema in schemas for each in _enter(schema, part)]
        schemas = [each for schema in inner for each in _expand(root, schema)] or schemas
    return sorted({key for schema in schemas for key in schema.get("properties", ())})


def _expand(root: Schema, schema: Schema) -> list[Schema]:
    """A schema without references and choices; a choice by type stays whole."""
    if "$ref" in schema:
        return _expand(root, root["$defs"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return [each for choice in schema["anyOf"] for each in _expand(root, choice)]
    return [schema]


def _enter(schema: Schema, part: str | int) -> Iterator[Schema]:
    if isinstance(part, int):
        if "items" in schema:
            yield schema["items"]
        return
    if part in schema.get("properties", {}):
        yield schema["properties"][part]
    mapping = schema.get("discriminator", {}).get("mapping", {})
    if part in mapping:
        yield {"$ref": mapping[part]}
