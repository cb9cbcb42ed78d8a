"""Dataclasses as records: what JSON holds, and arrays.

A record is a dataclass whose fields are plain values, arrays and other records. `pack` splits it
into what JSON holds and its arrays by name; `unpack` makes it again, and says which field of which
file is missing, foreign or of another type.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_origin

import cattrs
import numpy as np
from cattrs.gen import make_dict_structure_fn
from jaxtyping import AbstractArray

from nearedge.errors import InputError
from nearedge.records._outputs import replacing

Record = TypeVar("Record")
Json = dict[str, Any]
"""What a JSON object holds."""


def pack(record: object) -> tuple[Json, dict[str, np.ndarray]]:
    """Split a record into what JSON holds and its arrays.

    Parameters
    ----------
    record : dataclass
        Its fields are plain values, sequences and mappings of them, arrays, and such records.

    Returns
    -------
    plain : dict
        Ready for JSON; an array stands in it as ``{"array": NAME}``.
    arrays : dict of str to ndarray
        By names with dots, the path of their fields.

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
    plain = _packed(cattrs.unstructure(record), "", arrays)
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
            str(key): _packed(one, f"{path}.{key}" if path else str(key), arrays)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_packed(one, f"{path}.{place}", arrays) for place, one in enumerate(value)]
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
    plain = _listed(cattrs.unstructure(record))
    assert isinstance(plain, dict)
    return plain


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _listed(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def unpack(
    kind: type[Record],
    plain: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray] | None = None,
    *,
    source: str,
) -> Record:
    """Make a record of what `pack` gave.

    Parameters
    ----------
    kind : type
        The dataclass.
    plain : mapping
        What stood in JSON.
    arrays : mapping, optional
        The arrays by name.
    source : str
        Names the file in errors.

    Raises
    ------
    InputError
        If a field is missing, foreign, or of another type.

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
        return _converter().structure(_restored(plain, arrays or {}), kind)
    except KeyError as error:
        raise InputError(f"{source}: the array {error} is missing") from None
    except cattrs.BaseValidationError as error:
        faults = cattrs.transform_error(error, path="")
        raise InputError(f"{source}: {'; '.join(faults).replace('@ .', '@ ')}") from None


def _restored(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, Mapping):
        if value.keys() == {"array"} and isinstance(value["array"], str):
            return arrays[value["array"]]
        return {key: _restored(one, arrays) for key, one in value.items()}
    return [_restored(one, arrays) for one in value] if isinstance(value, list) else value


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook_func(_is_array, _array)
    # Numbers are not made of texts, nor texts of numbers.
    converter.register_structure_hook(str, _exactly(str))
    converter.register_structure_hook(bool, _exactly(bool, np.bool_))
    converter.register_structure_hook(int, _exactly(int))
    converter.register_structure_hook(float, lambda value, _: float(_exactly(int, float)(value, 0)))
    converter.register_structure_hook_factory(
        is_dataclass,
        lambda kind: make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True),
    )
    return converter


def _is_array(kind: Any) -> bool:
    if isinstance(kind, type) and issubclass(kind, AbstractArray):
        return True
    return kind is np.ndarray or get_origin(kind) is np.ndarray


def _array(value: Any, _: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiubU":
        raise ValueError(f"no array: {value!r}")
    return array


def _exactly(*kinds: type) -> Any:
    def check(value: Any, _: Any) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ValueError(f"{value!r} is no {kinds[-1].__name__}")
        return value

    return check


def read_json(path: str | Path) -> Json:
    """Read a JSON object.

    Raises
    ------
    InputError
        If the file cannot be read or holds no JSON object.
    """
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


def write_json(path: str | Path, plain: Mapping[str, Any], *, force: bool = False) -> None:
    """Write a JSON object, whole or not at all.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    """
    with replacing(path, force=force) as temporary:
        text = json.dumps(plain, indent=1, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
