"""Stacks of all formats hold the same numbers, and what is none is refused in one line."""

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from nearedge.errors import InputError
from nearedge.files.stacks import Stack, open_stack
from nearedge.files.stacks._stack import BLOCK

ENERGY = np.array([528.0, 528.5, 529.5, 530.0])
IMAGES = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)


def whole(stack: Stack, rows: int | None = None) -> np.ndarray:
    """All images of a stack, as blocks of rows give them."""
    blocks = [
        block.spectra.reshape(block.rows.stop - block.rows.start, stack.shape[1], -1)
        for block in stack.blocks(rows)
    ]
    return np.moveaxis(np.concatenate(blocks), 2, 0)


def saved(tmp_path: Path, array: np.ndarray, name: str = "stack.npy") -> Path:
    np.save(tmp_path / name, array)
    return tmp_path / name


def save_pages(path: Path, pages: Sequence[Image.Image], compression: str | None = None) -> None:
    pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression)


@pytest.mark.parametrize("rows", [None, 1, 2, 5])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays(tmp_path: Path, rows: int | None, order: Any) -> None:
    for axis, images in (("first", IMAGES), ("last", np.moveaxis(IMAGES, 0, 2))):
        stack = open_stack(saved(tmp_path, np.asarray(images, order=order)), ENERGY)
        assert (stack.axis, stack.shape) == (axis, (5, 6))
        assert_array_equal(stack.energy, ENERGY)
        assert_array_equal(whole(stack, rows), IMAGES)


def test_an_axis_that_could_be_either_must_be_said(tmp_path: Path) -> None:
    cube = np.arange(64.0).reshape(4, 4, 4)
    with pytest.raises(InputError, match="say with --axis"):
        open_stack(saved(tmp_path, cube), ENERGY)
    last = open_stack(tmp_path / "stack.npy", ENERGY, axis="last")
    assert_array_equal(whole(last), np.moveaxis(cube, 2, 0))


LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "images": {"chunks": (1, 5, 6)},
    "packed images": {"chunks": (1, 5, 6), "compression": "gzip"},
    "packed blocks": {"chunks": (2, 2, 3), "compression": "lzf", "shuffle": True},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axis", ["first", "last"])
@pytest.mark.parametrize("block", [0, BLOCK])
def test_hdf5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, axis: Any, block: int
) -> None:
    monkeypatch.setattr("nearedge.files.stacks._stack.BLOCK", block)
    settings = dict(LAYOUTS[layout])
    if axis == "last" and "chunks" in settings:
        first, *others = settings["chunks"]
        settings["chunks"] = (*others, first)
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        stored = IMAGES if axis == "first" else np.moveaxis(IMAGES, 0, 2)
        file.create_dataset("entry/data", data=stored, **settings)
        file["entry/energy"] = ENERGY
    told: list[tuple[int, int]] = []
    with open_stack(
        tmp_path / "stack.h5",
        scratch=tmp_path,
        advance=lambda done, total: told.append((done, total)),
    ) as stack:
        assert stack.axis == axis
        assert_array_equal(stack.energy, ENERGY)
        assert_array_equal(whole(stack), IMAGES)
        assert_array_equal(whole(stack, 2), IMAGES)
    assert told[-1:] == ([(4, 4)] if layout.startswith("packed") and not block else [])
    assert [path.name for path in tmp_path.iterdir()] == ["stack.h5"]


def test_nexus_says_where_the_energies_are(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "scan.nxs", "w") as file:
        group = file.create_group("entry/data")
        group.attrs.update({"signal": "counts", "axes": ["y", "x", "mono"]})
        group["counts"] = np.moveaxis(IMAGES[:, :4, :4], 0, 2)
        group["mono"] = ENERGY / 1000
        group["mono"].attrs["units"] = "keV"
        group["y"] = group["x"] = np.arange(4.0)
        file["entry/dark"] = np.zeros((2, 5, 6))
    stack = open_stack(tmp_path / "scan.nxs", inner="/entry/data")
    assert stack.axis == "last"
    assert_allclose(stack.energy, ENERGY)
    assert_array_equal(whole(stack), IMAGES[:, :4, :4])
    with pytest.raises(InputError, match=r"several stacks, /entry/dark \(2, 5, 6\), .*--path"):
        open_stack(tmp_path / "scan.nxs")


@pytest.mark.parametrize("kind", ["u1", "u2", "i4", "f4"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize("block", [0, BLOCK])
def test_tiff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, compression: str | None, block: int
) -> None:
    monkeypatch.setattr("nearedge.files.stacks._stack.BLOCK", block)
    path = tmp_path / "stack.tif"
    save_pages(path, [Image.fromarray(image) for image in IMAGES.astype(kind)], compression)
    with open_stack(path, ENERGY, scratch=tmp_path) as stack:
        assert_array_equal(whole(stack, 3), IMAGES)
        assert stack.source.dtype == np.dtype(kind)


@pytest.mark.parametrize("settings", [{"imagej": True}, {"bigtiff": True}, {"byteorder": ">"}])
def test_hyperstacks(tmp_path: Path, settings: dict[str, Any]) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, IMAGES, photometric="minisblack", **settings)
    assert_array_equal(whole(open_stack(path, ENERGY), 2), IMAGES)
    if "imagej" not in settings:  # counts of 32 bits have no sign
        counts = IMAGES.astype("u4") + 3_000_000_000
        tifffile.imwrite(path, counts, photometric="minisblack", **settings)
        assert_array_equal(whole(open_stack(path, ENERGY)), counts)
    tifffile.imwrite(path, IMAGES[:, None], imagej=True, metadata={"axes": "TZYX"})
    assert_array_equal(whole(open_stack(path, ENERGY)), IMAGES)
    tifffile.imwrite(path, np.stack([IMAGES, IMAGES], 1), imagej=True, metadata={"axes": "TZYX"})
    with pytest.raises(InputError, match=r"shape \(4, 2, 5, 6\) \(TZYX\)"):
        open_stack(path, ENERGY)


def test_transmitted_light_becomes_absorption(tmp_path: Path) -> None:
    incident = np.array([100.0, 90.0, 80.0, 70.0])
    depth = np.abs(np.sin(IMAGES))
    counts = incident[:, None, None] * np.exp(-depth)
    counts[2, 1, 1] = 0.0
    np.savetxt(tmp_path / "i0.txt", np.column_stack([ENERGY, incident]), header="energy i0")
    seen = whole(open_stack(saved(tmp_path, counts), ENERGY, incident=tmp_path / "i0.txt"))
    assert np.isnan(seen[2, 1, 1])
    seen[2, 1, 1] = depth[2, 1, 1]
    assert_allclose(seen, depth, atol=1e-5)


def test_a_stack_of_many_gigabytes_is_read_in_pieces(tmp_path: Path) -> None:
    """A file with a hole, of 4 GB: nothing but a block is ever in memory."""
    path = tmp_path / "large.npy"
    shape = (100, 2000, 5000)
    np.lib.format.open_memmap(path, "w+", np.float32, shape).flush()
    stack = open_stack(path, np.linspace(520, 550, 100))
    tracemalloc.start()
    for number, block in enumerate(stack.blocks()):
        assert block.spectra.nbytes <= BLOCK
        if number == 5:
            break
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * BLOCK


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((4, 5)), r"stack.npy: has 2 axes, shape \(4, 5\); a stack has three"),
        (np.zeros((4, 5, 6), complex), "holds complex128, not real numbers"),
        (np.zeros((4, 5, 6), "S3"), "not real numbers"),
        (np.zeros((4, 0, 6)), r"is empty, shape \(4, 0, 6\)"),
        (np.zeros((3, 5, 6)), "4 energies for 3 or 6 images of"),
        (np.zeros((6, 4, 6)), "on the first or the last axis"),
        (np.array([[[{}]]]), "cannot be read as an array of numbers"),
    ],
)
def test_arrays_that_are_no_stacks(tmp_path: Path, array: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said) as told:
        open_stack(saved(tmp_path, array), ENERGY)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("530\n529\n531\n532\n", "must increase, but row 2 has 529 eV after 530 eV"),
        ("528\n529\nnan\n531\n", "energy nan in row 3"),
        (
            "528\n529\n529.5 x\n530\n",
            r"line 3 is not a row of 1 numbers \('529.5 x'\), left out, but each image needs",
        ),
        ("528\n", "at least two rows"),
    ],
)
def test_lists_that_are_no_energies(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "energies.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as told:
        open_stack(saved(tmp_path, IMAGES), path)
    assert str(told.value).startswith(str(path))


def test_energies_in_a_file(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "energies.txt", ENERGY)
    for energies in (tmp_path / "energies.txt", saved(tmp_path, ENERGY, "energies.npy")):
        stack = open_stack(saved(tmp_path, IMAGES), energies)
        assert_array_equal(stack.energy, ENERGY)
    with pytest.raises(InputError, match="no list of energies"):
        open_stack(tmp_path / "stack.npy", saved(tmp_path, IMAGES, "other.npy"))


def test_what_is_missing(tmp_path: Path) -> None:
    stack, text = saved(tmp_path, IMAGES), tmp_path / "text.txt"
    text.write_text("528 1\n")
    np.savez(tmp_path / "stack.npz", IMAGES)
    for path, energies, inner, said in (
        (tmp_path / "none.npy", ENERGY, None, "no such file"),
        (tmp_path, ENERGY, None, "is a directory"),
        (text, ENERGY, None, "no stack of images; give a .npy, HDF5 or TIFF file"),
        (tmp_path / "stack.npz", ENERGY, None, "an archive; unpack it"),
        (stack, tmp_path / "missing.txt", None, r"missing.txt: no such file"),
        (stack, None, None, "name a list of them with --energies"),
        (stack, ENERGY, "/entry/data", "is not an HDF5 file"),
    ):
        with pytest.raises(InputError, match=said):
            open_stack(path, energies, inner=inner)


def test_incident_light_that_does_not_fit(tmp_path: Path) -> None:
    stack = saved(tmp_path, IMAGES)
    for rows, said in (
        ([[529, 1], [531, 1]], "do not cover those of the stack"),
        ([[527, 1], [531, 0]], "intensities be positive"),
        ([[527], [531]], "a line has no intensity"),
    ):
        np.savetxt(tmp_path / "i0.txt", np.array(rows))
        with pytest.raises(InputError, match=said):
            open_stack(stack, ENERGY, incident=tmp_path / "i0.txt")


def test_what_an_hdf5_file_holds_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file["entry/images"] = IMAGES
        file["entry/line"] = np.arange(7.0)
        file["entry/names"] = "text"
        file["entry/elsewhere"] = h5py.ExternalLink("gone.h5", "/data")
    listed = r"/entry/images \(4, 5, 6\), /entry/line \(7,\)"
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"inner": "/entry/data"}, f"/entry/data does not exist; the file holds {listed}"),
        ({"inner": "/entry/line"}, r"/entry/line has shape \(7,\); a stack has three axes"),
        ({"inner": "/entry"}, "/entry is no dataset"),
        ({}, f"no energies beside /entry/images; give --energy-path or --energies.*{listed}"),
        ({"energy_path": "/entry/gone"}, "/entry/gone is not a list of energies"),
        ({"energy_path": "/entry/line"}, "7 energies for 4 or 6 images"),
    )
    for arguments, said in cases:
        with pytest.raises(InputError, match=said):
            open_stack(path, **arguments)
    with pytest.raises(InputError, match="several energies beside"), h5py.File(path, "a") as file:
        file["entry/energy"] = file["entry/ev"] = ENERGY
        file.flush()
        open_stack(path)
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file["text"] = "nothing"
    with pytest.raises(InputError, match="no numbers with three axes"):
        open_stack(tmp_path / "none.h5")


def test_damaged_files(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file["data"] = np.zeros((4, 50, 60))
    (tmp_path / "cut.h5").write_bytes((tmp_path / "whole.h5").read_bytes()[:3000])
    array = saved(tmp_path, IMAGES).read_bytes()
    (tmp_path / "cut.npy").write_bytes(array[:300])
    (tmp_path / "head.npy").write_bytes(array[:20])
    save_pages(tmp_path / "whole.tif", [Image.fromarray(image) for image in IMAGES])
    pages = (tmp_path / "whole.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(pages[:300])
    (tmp_path / "head.tif").write_bytes(pages[:6])
    for name in ("cut.h5", "cut.npy", "head.npy", "cut.tif", "head.tif"):
        with pytest.raises(InputError, match=name) as told:
            open_stack(tmp_path / name, ENERGY)
        assert "\n" not in str(told.value)


def test_pages_that_are_no_stack(tmp_path: Path) -> None:
    grey = [Image.fromarray(image) for image in IMAGES]
    path = tmp_path / "stack.tif"
    for pages, said in (
        (grey[:1], r"images of shape \(5, 6\) \(YX\)"),
        (
            [*grey[:3], Image.fromarray(IMAGES[3, :4])],
            r"\(5, 6\), \(4, 6\)\]; a stack has one grey",
        ),
        ([page.convert("RGB") for page in grey], "a stack has one grey image for each energy"),
    ):
        save_pages(path, pages)
        with pytest.raises(InputError, match=said):
            open_stack(path, ENERGY)
    save_pages(path, grey)
    with pytest.raises(InputError, match="leave out --axis"):
        open_stack(path, ENERGY, axis="last")
    with pytest.raises(InputError, match="name a list of them with --energies"):
        open_stack(path)


@pytest.mark.parametrize("name", ["stack.h5", "stack.tif"])
def test_a_small_packed_stack_is_unpacked_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".tif":
        save_pages(path, [Image.fromarray(image) for image in IMAGES], "tiff_lzw")
    else:
        with h5py.File(path, "w") as file:
            file.create_dataset("data", data=IMAGES, chunks=(2, 2, 3), compression="gzip")
    stack = open_stack(path, ENERGY)
    path.unlink()
    for _ in range(2):
        assert_array_equal(whole(stack), IMAGES)


def test_a_file_that_goes_away_is_named(tmp_path: Path) -> None:
    stack = open_stack(saved(tmp_path, IMAGES), ENERGY)
    (tmp_path / "stack.npy").unlink()
    with pytest.raises(InputError, match="rows 1 to 5 cannot be read"):
        next(stack.blocks())
