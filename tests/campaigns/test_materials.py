"""The compositions of the dataset of disordered Li-Fe oxides."""

import numpy as np

from nearedge.campaigns import LI3FEO35, lithium_iron_oxides
from nearedge.structures import disordered_cell, reduced_formula, unsoundness
from nearedge.targets import EnvironmentRule


def test_compositions_differ_and_reach_from_lithium_rich_to_iron_rich() -> None:
    cells = [disordered_cell(recipe, number) for number, recipe in enumerate(lithium_iron_oxides())]
    formulas = [reduced_formula(atoms) for atoms in cells]
    assert len(set(formulas)) == len(formulas) == 60
    assert reduced_formula(disordered_cell(LI3FEO35, 0)) not in formulas
    rule = EnvironmentRule("O", "Fe", 2.6, 1.7)
    means = [rule.coordination.of(atoms, rule.sites(atoms)).mean() for atoms in cells]
    assert min(means) < 0.6
    assert max(means) > 2.5
    # Both ends of charge and discharge are covered without a gap of half an atom.
    assert np.diff(sorted(means)).max() < 0.5
    assert {len(set(atoms.symbols)) for atoms in cells} == {3}
    assert [atoms for atoms in cells if unsoundness(atoms)] == []


def test_iron_is_between_two_and_seven_valent() -> None:
    for number, recipe in enumerate(lithium_iron_oxides()):
        count = disordered_cell(recipe, number).symbols.formula.count()
        # A peroxide dimer takes two electrons less than two oxide ions.
        charge = (2 * (count["O"] - recipe.dimers) - count["Li"]) / count["Fe"]
        assert 2.9 < charge < 6.1, (count, charge)
