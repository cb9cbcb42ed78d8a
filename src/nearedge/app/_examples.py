"""Files to try, made on the spot of computed spectra that ship; their names say that."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
from ase.build import bulk
from ase.io import write

from nearedge.answers import Beamline, simulate_sample, write_columns
from nearedge.app._asking import dataset
from nearedge.app._opening import Given
from nearedge.edges import Edge

SHIFT = 3.0
"""How far above the tabulated energy the examples' zeros lie, eV."""

BATCH: Mapping[str, str] = {
    "Ti": "O2Ti_Rutile_amcsd0019092",
    "V": "O3V2_Karelianite_amcsd0010595",
    "Cr": "Cr2O3_Eskolaite_amcsd0019502",
    "Mn": "MnO_Manganosite_amcsd0007528",
    "Fe": "Fe2O3_Hematite_amcsd0017806",
    "Co": "CoLiO2_layered-oxide_table",
    "Ni": "NiO_Bunsenite_amcsd0011371",
    "Cu": "CuO_Tenorite_amcsd0018822",
    "Zn": "SZn_Sphalerite_amcsd0000110",
}
"""Crystals of the example of a batch."""

ROWS, COLUMNS = 24, 36


def _text(name: str, data: str, crystal: str, beamline: Beamline, seed: int = 0) -> Given:
    spectrum, _ = simulate_sample(dataset(data), beamline, only=[crystal], seed=seed)
    with TemporaryDirectory(prefix="nearedge-") as folder:
        path = Path(folder, name)
        about = f"computed by FEFF10, not measured: {crystal}, shifted, broadened, noisy"
        write_columns(path, spectrum, about)
        return Given(name, f"example:{name}", path.read_bytes())


def _iron() -> list[Given]:
    name, crystal = "computed-hematite-Fe-K.dat", "Fe2O3_Hematite_amcsd0017806"
    return [_text(name, "3d-k-edges", crystal, Beamline(7115.0, 2.0))]


def _oxygen() -> list[Given]:
    name, beamline = "computed-Li3FeO3.5-O-K.dat", Beamline(529.4, 0.6, slope=0.4)
    return [_text(name, "li3feo35", "rocksalt-1-000", beamline, 1)]


def _batch() -> list[Given]:
    made = []
    for seed, (element, crystal) in enumerate(BATCH.items()):
        name = f"computed-{crystal.rsplit('_', 1)[0]}-{element}-K.dat"
        beamline = Beamline(Edge(element).energy + SHIFT, 2.0)
        made.append(_text(name, "3d-k-edges", crystal, beamline, seed))
    return made


def _stack() -> list[Given]:
    """Make images in which O with few Fe around it, at the left, gives way to O with many."""
    data, rng = dataset("li3feo35"), np.random.default_rng(0)
    few, many = (
        data.mu[np.isin(data.environment, list(names))].mean(axis=0) for names in ("01", "34")
    )
    share = np.linspace(0, 1, COLUMNS)[None, :, None] + np.zeros((ROWS, 1, 1))
    images = (1 - share) * few + share * many
    images = images + rng.normal(0, 0.01 * images.max(), images.shape)
    row, column = np.mgrid[:ROWS, :COLUMNS]
    outside = ((row / ROWS - 0.5) ** 2 + (column / COLUMNS - 0.5) ** 2) > 0.24
    images[outside] = rng.normal(0, 0.01 * images.max(), images[outside].shape)
    packed = io.BytesIO()
    with h5py.File(packed, "w") as file:
        file.attrs["comment"] = "computed by FEFF10, not measured"
        file["entry/energy"] = data.energy + 529.4
        file["entry/data"] = np.moveaxis(images, 2, 0).astype(np.float32)
        file["entry/energy"].attrs["units"] = "eV"
    return [Given("computed-stack-O-K.h5", "example:stack", packed.getvalue())]


def _crystal() -> list[Given]:
    text = io.StringIO()
    write(text, bulk("NiO", "rocksalt", a=4.177), format="vasp")
    return [Given("POSCAR-NiO", "example:nio", text.getvalue().encode())]


EXAMPLES: Mapping[str, Callable[[], list[Given]]] = {
    "Fe K of hematite": _iron,
    "O K of Li₃FeO₃.₅": _oxygen,
    "A batch, Ti to Zn": _batch,
    "A stack of images": _stack,
    "A crystal, NiO": _crystal,
}
"""Examples by what a button says."""
