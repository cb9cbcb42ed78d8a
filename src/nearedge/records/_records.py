"""Dataclasses of plain values, arrays and other records: `pack` splits them, `unpack` undoes it."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

import cattrs
import numpy as np
from cattrs.gen import make_dict_structure_fn
from cattrs.v import format_exception
from jaxtyping import AbstractArray

from nearedge.errors import InputError
from nearedge.records._outputs import replacing

Record = TypeVar("Record")
Json = dict[str, Any]  # what a JSON object holds


class Kept(ABC):
    """What is made again from a dataclass, `record`; records may hold a union of such classes."""

    record: ClassVar[type]

    @abstractmethod
    def to_record(self) -> Any:
        """Say what it is made of."""

    @classmethod
    @abstractmethod
    def from_record(cls, record: Any) -> Any:
        """Undo `to_record`."""


def pack(record: object) -> tuple[Json, dict[str, np.ndarray]]:
    """Split a record into what JSON holds and its arrays, which are named by their fields' path.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Peak:
    ...     name: str
    ...     energy: np.ndarray
    >>> pack(Peak("white line", np.array([1.0])))
    ({'name': 'white line', 'energy': {'array': 'energy'}}, {'energy': array([1.])})
    """
    arrays: dict[str, np.ndarray] = {}
    plain = _packed(_converter().unstructure(record), "", arrays)
    assert isinstance(plain, dict)
    return plain, arrays


def _packed(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "U":
            return value.tolist()
        arrays[path] = value
        return {"array": path}
    if isinstance(value, Mapping):
        return {
            str(key): _packed(item, f"{path}.{key}" if path else str(key), arrays)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_packed(item, f"{path}.{place}", arrays) for place, item in enumerate(value)]
    return value.item() if isinstance(value, np.generic) else value


def as_json(record: object) -> Json:
    """Give a record ready for JSON: arrays as lists, numbers that are not finite as null.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Peak:
    ...     energy: np.ndarray
    >>> as_json(Peak(np.array([1.0, np.nan])))
    {'energy': [1.0, None]}
    """
    text = json.dumps(cattrs.unstructure(record), default=lambda value: value.tolist())
    return json.loads(text, parse_constant=lambda _: None)


def unpack(
    record: type[Record],
    plain: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray] | None = None,
    *,
    source: str,
) -> Record:
    """Make a record of what `pack` gave; an error names the file, `source`, and the field.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Peak:
    ...     name: str
    ...     energy: float
    >>> unpack(Peak, {"name": "white line"}, source="peak.json")
    Traceback (most recent call last):
    ...
    nearedge.errors.InputError: peak.json: required field missing @ energy
    """
    try:
        return _converter().structure(_restored(plain, arrays or {}), record)
    except KeyError as error:
        raise InputError(f"{source}: the array {error} is missing") from None
    except cattrs.BaseValidationError as error:
        faults = cattrs.transform_error(error, path="", format_exception=_fault)
        places = [fault.replace("@ .", "@ ").removesuffix(" @ ") for fault in faults]
        raise InputError(f"{source}: {'; '.join(places)}") from None


def _restored(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, Mapping):
        if value.keys() == {"array"} and isinstance(value["array"], str):
            return arrays[value["array"]]
        return {key: _restored(item, arrays) for key, item in value.items()}
    return [_restored(item, arrays) for item in value] if isinstance(value, list) else value


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook_func(_is_array, _array)
    # Numbers are not made of texts, nor texts of numbers.
    converter.register_structure_hook(str, _exactly(str))
    converter.register_structure_hook(bool, _exactly(bool, np.bool_))
    converter.register_structure_hook(int, _exactly(int))
    converter.register_structure_hook(float, lambda value, _: float(_exactly(int, float)(value, 0)))
    converter.register_structure_hook_factory(is_dataclass, partial(_shaped, converter))
    converter.register_unstructure_hook_func(
        _is_kept,
        lambda kept: {"type": type(kept).__name__, **converter.unstructure(kept.to_record())},
    )
    converter.register_structure_hook_func(_is_kept, partial(_made_again, converter))
    return converter


class _UnfitError(ValueError):
    """What makes an object of a record impossible, in words."""


def _fault(error: BaseException, hint: Any) -> str:
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        names = ", ".join(sorted(error.extra_fields))
        known = ", ".join(field.name for field in fields(error.cl))
        return f"has no {names}; there are {known}"
    return str(error) if isinstance(error, _UnfitError) else format_exception(error, hint)


def _is_kept(hint: Any) -> bool:
    classes = get_args(hint) or (hint,)
    return all(isinstance(member, type) and issubclass(member, Kept) for member in classes)


def _made_again(converter: cattrs.Converter, value: Any, hint: Any) -> Kept:
    if not isinstance(value, dict) or "type" not in value:
        raise _UnfitError("says no type")
    classes = {member.__name__: member for member in get_args(hint) or (hint,)}
    if value["type"] not in classes:
        raise _UnfitError(f"is a {value['type']}, not one of {', '.join(classes)}")
    wanted = classes[value["type"]]
    told = {key: item for key, item in value.items() if key != "type"}
    record = converter.structure(told, wanted.record)
    try:
        return wanted.from_record(record)
    except (ValueError, TypeError) as error:
        raise _UnfitError(str(error)) from None


def _shaped(converter: cattrs.Converter, dataclass: Any) -> Callable[[Any, Any], Any]:
    """Make a record's structuring function, which checks that the shapes of its arrays agree."""
    plain = make_dict_structure_fn(dataclass, converter, _cattrs_forbid_extra_keys=True)
    shapes = {
        name: hint
        for name, hint in get_type_hints(dataclass).items()
        if isinstance(hint, type) and issubclass(hint, AbstractArray)
    }

    def structure(value: Any, _: Any) -> Any:
        record = plain(value, _)
        sizes: dict[str, int] = {}
        for name, hint in shapes.items():
            array: np.ndarray = getattr(record, name)
            # jaxtyping's own scope of names would import jax.
            sides = zip(hint.dim_str.split(), array.shape, strict=False)
            named = {side: size for side, size in sides if side.isidentifier() and side != "_"}
            agree = all(sizes.setdefault(side, size) == size for side, size in named.items())
            if not isinstance(array, hint) or not agree:
                raise _UnfitError(
                    f"{name} has the shape {array.shape}, which does not fit the rest"
                )
        return record

    return structure


def _is_array(hint: Any) -> bool:
    shaped = isinstance(hint, type) and issubclass(hint, AbstractArray)
    return shaped or np.ndarray in (hint, get_origin(hint))


def _array(value: Any, _: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiubU":
        raise ValueError(f"no array: {value!r}")
    return array


def _exactly(*types: type) -> Any:
    def check(value: Any, _: Any) -> Any:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ValueError(f"{value!r} is no {types[-1].__name__}")
        return value

    return check


def read_json(path: str | Path) -> Json:
    """Read a JSON object."""
    path = Path(path)
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise InputError(f"{path}: no valid JSON ({error})") from None
    if not isinstance(plain, dict):
        raise InputError(f"{path}: holds no JSON object but a {type(plain).__name__}")
    return plain


def write_json(path: str | Path, plain: Json | list[Json], *, force: bool = False) -> None:
    """Write JSON, whole or not at all."""
    with replacing(path, force=force) as temporary:
        text = json.dumps(plain, indent=1, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
