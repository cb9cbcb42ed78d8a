import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.records import pack, read_json, unpack, write_json


@dataclass(frozen=True)
class Peak:
    name: str
    energy: Float[np.ndarray, " peak"]
    width: float | None = None


@dataclass(frozen=True)
class Peaks:
    edge: Literal["K", "L3"]
    peaks: tuple[Peak, ...]
    heights: dict[str, float]


PEAKS = Peaks("K", (Peak("a", np.arange(3.0)), Peak("b", np.zeros(0), 0.5)), {"a": 1.0})


def test_a_record_is_the_same_after_json_and_arrays() -> None:
    plain, arrays = pack(PEAKS)
    again = unpack(Peaks, json.loads(json.dumps(plain)), arrays, source="file")
    assert pack(again)[0] == plain
    for one, other in zip(again.peaks, PEAKS.peaks, strict=True):
        np.testing.assert_array_equal(one.energy, other.energy)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda plain: plain.pop("edge"), "edge"),
        (lambda plain: plain.update(foreign=1), "foreign"),
        (lambda plain: plain.update(edge="M"), "edge"),
        (lambda plain: plain["heights"].update(a="high"), "heights"),
        (lambda plain: plain["peaks"][1].update(width="0.5"), "width"),
        (lambda plain: plain["peaks"][0].pop("energy"), "energy"),
        (lambda plain: plain["peaks"][0].update(energy={"array": "lost"}), "lost"),
    ],
)
def test_a_damaged_record_names_file_and_field(
    change: Callable[[dict[str, Any]], object], field: str
) -> None:
    plain, arrays = pack(PEAKS)
    change(plain)
    with pytest.raises(InputError, match=rf"^peaks\.json: .*{field}"):
        unpack(Peaks, plain, arrays, source="peaks.json")


def test_json_that_is_none_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    for text in ("{", "[1]", ""):
        path.write_text(text)
        with pytest.raises(InputError, match=r"record\.json"):
            read_json(path)
    write_json(path, {"a": 1}, force=True)
    assert read_json(path) == {"a": 1}
