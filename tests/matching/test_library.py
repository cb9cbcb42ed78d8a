"""A library is what was made of the dataset, before and after it was written."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from nearedge.datasets import SiteSpectra
from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.matching import (
    REFERENCE,
    Library,
    build_library,
    is_library,
    load_library,
    read_standards,
    save_library,
    standards_library,
)


@pytest.fixture(scope="module")
def library(crystal_dataset: SiteSpectra) -> Library:
    return build_library(crystal_dataset)


def test_every_site_becomes_a_reference(library: Library, crystal_dataset: SiteSpectra) -> None:
    assert len(library) == len(crystal_dataset) == 16
    assert library.edges == (Edge("Mn"), Edge("Fe"))
    assert library.crystal[0] == "Fe40"
    assert library.formula[:1] + library.formula[-1:] == ("FeS", "MnO")
    assert np.isnan(library.value("coordination")).sum() == 1
    assert repr(library) == "<Library: 16 references of Mn K, Fe K>"


def test_curves_have_their_rise_at_zero_and_a_step_of_one(library: Library) -> None:
    assert np.array([np.interp(0.0, REFERENCE, c) for c in library.curves]) == pytest.approx(
        0.5, abs=0.05
    )
    assert library.curves[:, REFERENCE > 20].mean() == pytest.approx(1.0, abs=0.02)


def test_the_unit_of_a_dataset_does_not_matter(
    library: Library, crystal_dataset: SiteSpectra
) -> None:
    table = crystal_dataset.table.assign(mu=17.0 * crystal_dataset.table["mu"])
    scaled = build_library(SiteSpectra(table, crystal_dataset.structures))
    assert scaled.curves == pytest.approx(library.curves, abs=1e-5)


def test_what_was_written_is_read(library: Library, tmp_path: Path) -> None:
    save_library(library, tmp_path / "library")
    assert is_library(tmp_path / "library")
    again = load_library(tmp_path / "library")
    assert again.crystal == library.crystal
    assert again.settings == library.settings
    for name in ("curves", "values", "atom", "measured"):
        np.testing.assert_array_equal(getattr(again, name), getattr(library, name))


def test_a_damaged_library_is_refused(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    save_library(library, folder)
    about = json.loads((folder / "model.json").read_text())
    about["library"]["edge"] = 5
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match="expected str @ edge"):
        load_library(folder)
    about["version"] = 99
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match="is not a library of version 3"):
        load_library(folder)
    (folder / "weights.safetensors").write_bytes(b"nothing")
    about["version"] = 3
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match="its weights cannot be read"):
        load_library(folder)


def test_spectra_that_do_not_reach_are_left_out(crystal_dataset: SiteSpectra) -> None:
    short = crystal_dataset.table.isel(energy=slice(0, 60))
    with pytest.raises(InputError, match="no spectrum has a rise and 30 eV beyond it"):
        build_library(SiteSpectra(short, crystal_dataset.structures))


def test_coordination_must_be_stated(crystal_dataset: SiteSpectra) -> None:
    bare = crystal_dataset.table.drop_vars("coordination")
    with pytest.raises(InputError, match="does not state the coordination"):
        build_library(SiteSpectra(bare, crystal_dataset.structures))


def test_a_card_counts_sites_and_means_apart(
    library: Library, standards_folder: Path, tmp_path: Path
) -> None:
    means = replace(library, atom=np.where(np.arange(16) < 3, -1, library.atom))
    own = standards_library(read_standards(standards_folder), "standards")
    save_library(means.joined(own), tmp_path / "library")
    card = (tmp_path / "library" / "card.md").read_text()
    assert "16 references (13 sites, 3 means over the sites of a crystal) from 16 crystals" in card
    assert "; 7 measured" in card


def test_measured_standards_join(library: Library, standards_folder: Path) -> None:
    own = standards_library(read_standards(standards_folder), "standards")
    both = library.joined(own)
    assert both.measured.sum() == len(own) == 7
    assert len(both.of("Fe")) == 12


def test_metals_are_there_but_tell_nothing(crystal_dataset: SiteSpectra) -> None:
    name = str(crystal_dataset.snapshot[0])
    structures = {**crystal_dataset.structures, name: bulk("Fe")}
    table = crystal_dataset.table
    library = build_library(SiteSpectra(table, structures))
    metal = np.array(library.crystal) == name
    assert (library.metallic == metal).all()
    assert np.isnan(library.values[metal]).all()
    assert not np.isnan(library.values[~metal]).all(axis=1).any()
