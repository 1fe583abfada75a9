"""Whether a tool call is an accepted one, as pure functions: BFCL's rules of names, arguments, types and values.

An accepted call is `{name: {argument: [accepted value, …]}}`, where the value "" means that the argument may be left out;
a dictionary among the accepted values has the same form, `{key: [accepted value, …]}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from guerdon.judging.calls import Call

OMITTED = ""  # among the accepted values: the argument may be left out
LOOSE = re.compile(r"[ ,./\-_*^]")  # what BFCL drops of strings, so that "April 1, 2024" is "April 1 2024"
TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("string", "String", "char"), (str,)),
    **dict.fromkeys(("integer", "long", "short", "byte", "Bigint"), (int,)),
    **dict.fromkeys(("float", "number", "double"), (int, float)),
    **dict.fromkeys(("boolean", "bool", "Boolean"), (bool,)),
    **dict.fromkeys(("array", "list", "tuple", "Array", "ArrayList", "Queue", "Stack", "Set"), (list, tuple)),
    **dict.fromkeys(("dict", "object", "HashMap", "Hashtable"), (dict,)),
    "null": (type(None),),
}


def match_all(made: Sequence[Call], wanted: Sequence[tuple[str, Mapping[str, Any]]], schemas: Mapping[str, Any]) -> int:
    """The most wanted calls that can be given a call of their own (a maximum matching, so no order of calls can lose)."""
    fits = [
        [i for i, call in enumerate(made) if why_not(call, name, args, schemas.get(name)) == ""]
        for name, args in wanted
    ]
    taken: dict[int, int] = {}

    def place(w: int, seen: set[int]) -> bool:
        for i in fits[w]:
            if i not in seen:
                seen.add(i)
                if i not in taken or place(taken[i], seen):
                    taken[i] = w
                    return True
        return False

    return sum(place(w, set()) for w in range(len(wanted)))


def why_not(call: Call, name: str, accepted: Mapping[str, Any], schema: Mapping[str, Any] | None) -> str:
    """What is wrong with the call, or the empty string."""
    if call.name not in (name, name.replace(".", "_")):  # many interfaces take no dot in a name
        return f"'{call.name[:80]}' is called where '{name}' is wanted"
    if call.arguments is None:
        return f"{name} has {call.fault}"
    properties, required = _parameters(schema)
    for key in required:
        if key not in call.arguments:
            return f"{name} lacks the required argument '{key}'"
    for key, value in call.arguments.items():
        if key not in accepted or (schema is not None and key not in properties):
            return f"{name} has the unknown argument '{str(key)[:80]}'"
        if not accepts(value, accepted[key], properties.get(key)):
            return f"the value or type of argument '{key}' of {name} is not accepted"
    for key, values in accepted.items():
        if key not in call.arguments and OMITTED not in values:
            return f"{name} lacks the argument '{key}'"
    return ""


def accepts(value: Any, accepted: Sequence[Any], schema: Mapping[str, Any] | None) -> bool:
    """Whether a value of the schema's type is among the accepted ones, or one of another type is exactly an accepted one.

    The second case is BFCL's for variables: where an integer is due and "n" is accepted, the name n is right.
    """
    if has_type(value, schema):
        return any(same(value, a) for a in accepted)
    return any(type(value) is type(a) and value == a for a in accepted)


def has_type(value: Any, schema: Mapping[str, Any] | None) -> bool:
    """Whether a value has a schema's type, items of lists included; an integer is a float too, a boolean no number."""
    kinds = (schema or {}).get("type")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        types = TYPES.get(kind) if isinstance(kind, str) else None
        if types is None:
            return True  # "any", no type, or one this table does not know: the accepted values decide
        if isinstance(value, types) and (bool in types or not isinstance(value, bool)):
            items = (schema or {}).get("items")
            if not isinstance(value, list | tuple) or all(has_type(v, items) for v in value):
                return True
    return False


def same(value: Any, accepted: Any) -> bool:
    """Equality of a value and one accepted value: strings by BFCL's loose form, lists item by item, dictionaries by key."""
    if isinstance(value, str) and isinstance(accepted, str):
        return loose(value) == loose(accepted)
    if isinstance(value, list | tuple) and isinstance(accepted, list | tuple):
        return len(value) == len(accepted) and all(map(same, value, accepted))
    if isinstance(value, Mapping) and isinstance(accepted, Mapping):
        known = all(key in accepted and _one_of(v, accepted[key]) for key, v in value.items())
        return known and all(key in value or OMITTED in _values(a) for key, a in accepted.items())
    if isinstance(value, bool) or isinstance(accepted, bool):
        return value is accepted
    return bool(value == accepted)


def loose(text: str) -> str:
    """A string without blanks and `,./-_*^`, in lower case, with one kind of quote."""
    return LOOSE.sub("", text).lower().replace("'", '"')


def _one_of(value: Any, accepted: Any) -> bool:
    return any(same(value, a) for a in _values(accepted))


def _values(accepted: Any) -> Sequence[Any]:
    return accepted if isinstance(accepted, list | tuple) else (accepted,)


def _parameters(schema: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], Sequence[str]]:
    found = (schema or {}).get("parameters") or {}
    return found.get("properties") or {}, found.get("required") or ()
