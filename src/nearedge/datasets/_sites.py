"""SiteSpectra: one spectrum per absorber atom, its labels, and the structure it comes from."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from ase import Atoms
from jaxtyping import Bool, Float, Int, Shaped

from nearedge.datasets._table import (
    UNCLEAR,
    check_table,
    class_names,
    compute_labels,
    label_sites,
    rule_attributes,
    unusable_sites,
)
from nearedge.drawing.card import card
from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.learning.examples import Labelled
from nearedge.learning.features import RISE, Feature, features_of, with_features
from nearedge.records import Json
from nearedge.spectra import Identity, Window, check_spectra, cut_window, find_rises
from nearedge.structures import Snapshot, reduced_formula
from nearedge.targets import TARGETS, AnyTarget, EnvironmentRule, Target, class_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DRAWN = 8
"""How many classes a small figure draws; more lines are not told apart."""
MOST_NAMED = 40
"""How many names an error lists."""


def as_names(names: str | Sequence[str]) -> list[str]:
    """Give a list of names; one name may come without a list."""
    return [names] if isinstance(names, str) else list(names)


@dataclass(frozen=True, eq=False)
class SiteSpectra:
    """A dataset: spectra of single absorber atoms, labelled and traceable to their atoms.

    Made by `assemble`, `load_dataset` or `simulate`, rarely by hand.

    Parameters
    ----------
    table : xarray.Dataset
        ``mu(site, energy)`` with coordinates ``energy`` (eV) and, per site, ``snapshot``,
        ``trajectory``, ``temperature`` (K), ``atom`` and ``absorber``. Targets may be stated per
        site under their names (``coordination``, ``environment`` ...), and so may further groups
        (``crystal``, ``composition``). Its attributes say engine, energy zero, unit and
        provenance, and the rule by which sites were labelled, if there is one.
    structures : mapping of str to ase.Atoms
        The snapshots by name.
    source : str
        Names the dataset in errors: its folder, usually.

    Raises
    ------
    InputError
        If something is missing, of the wrong kind, not finite, or does not fit the structures.

    Examples
    --------
    >>> import nearedge
    >>> data = nearedge.load_dataset("li3feo35")
    >>> data.classes
    ['0', '1', '2', '3', '4', 'dimer']
    >>> data.mu.shape == (len(data), len(data.energy))
    True
    """

    table: xr.Dataset
    structures: Mapping[str, Atoms]
    source: str = "dataset"

    def __post_init__(self) -> None:
        check_table(self.table, self.source)
        check_spectra(self.energy, self.mu, self.source)
        for objection in unusable_sites(self.table, self.structures):
            raise InputError(f"{self.source}: {objection.reason}")

    def __len__(self) -> int:
        return self.table.sizes["site"]

    def __repr__(self) -> str:
        """Say in one line how many spectra of what it holds."""
        return (
            f"<SiteSpectra: {len(self)} sites of {len(set(self.trajectory))} trajectories, "
            f"{len(self.energy)} energies from {self.energy[0]:g} to {self.energy[-1]:g} eV, "
            f"{self.source}>"
        )

    def _repr_html_(self) -> str:
        """Show mean spectra of the classes and what the dataset holds, in a notebook."""
        runs, snapshots = (len(set(each.tolist())) for each in (self.trajectory, self.snapshot))
        facts = {
            "sites": f"{len(self)} in {snapshots} snapshots of {runs} trajectories",
            "absorbers": ", ".join(f"{name}: {count}" for name, count in self.absorbers.items()),
            "classes": ", ".join(f"{name}: {count}" for name, count in self.counts().items()),
            "energies": f"{len(self.energy)} from {self.energy[0]:g} to {self.energy[-1]:g} eV",
            "engine": str(self.attributes["engine"]),
        }
        return card(self.source, facts, self._draw)

    def _draw(self, axes: "Axes") -> None:
        from nearedge.drawing.style import plain

        energy, mu, names = self.energy, self.mu, self.environment
        low, high = np.quantile(mu, (0.05, 0.95), axis=0)
        axes.fill_between(energy, low, high, color="0.9", lw=0, label="nine in ten sites")
        shown = self.classes if len(self.classes) <= MOST_DRAWN else []
        for name in shown:
            axes.plot(energy, mu[names == name].mean(axis=0), label=plain(f"mean of {name}"))
        if not shown:
            axes.plot(energy, mu.mean(axis=0), label="mean")
        axes.set(xlabel="energy, eV", ylabel="absorption")
        axes.legend(fontsize=6)

    @property
    def energy(self) -> Float[np.ndarray, " energy"]:
        """Energies in eV from the zero the attribute ``energy_zero`` states."""
        return self.table["energy"].values.astype(float)

    @property
    def mu(self) -> Float[np.ndarray, "site energy"]:
        """Absorption of each site in the unit the attribute ``mu_unit`` states."""
        return self.table["mu"].values.astype(float)

    @property
    def coordination(self) -> Shaped[np.ndarray, " site"]:
        """Number of neighbour atoms of each site; NaN where the dataset leaves it open."""
        if "coordination" not in self.table.coords:
            raise InputError(f"{self.source}: does not state the coordination of its sites")
        return self.table["coordination"].values

    @property
    def environment(self) -> np.ndarray:
        """Class name of each site; where none is stated its coordination, or else its element."""
        return class_names(self.table)

    @property
    def snapshot(self) -> np.ndarray:
        """Snapshot name of each site."""
        return self.table["snapshot"].values

    @property
    def trajectory(self) -> np.ndarray:
        """Trajectory name of each site."""
        return self.table["trajectory"].values

    @property
    def temperature(self) -> Float[np.ndarray, " site"]:
        """Temperature of each site in K; NaN where unknown."""
        return self.table["temperature"].values

    @property
    def atom(self) -> Int[np.ndarray, " site"]:
        """Index of each site's atom in its snapshot."""
        return self.table["atom"].values

    @property
    def attributes(self) -> Json:
        """What the dataset says of itself."""
        return dict(self.table.attrs)

    @property
    def absorbers(self) -> dict[str, int]:
        """Elements that absorb, and the number of sites of each."""
        return dict(sorted(Counter(self.table["absorber"].values.tolist()).items()))

    @property
    def rule(self) -> EnvironmentRule | None:
        """How the sites were labelled; None if they were not, or not by one rule."""
        attributes = self.table.attrs
        if "neighbour" not in attributes or len(self.absorbers) > 1:
            return None
        dimer = float(attributes.get("dimer", np.nan))
        return EnvironmentRule(
            next(iter(self.absorbers)),
            str(attributes["neighbour"]),
            float(attributes["cutoff"]),
            None if np.isnan(dimer) else dimer,
        )

    @property
    def identity(self) -> Identity:
        """What the spectra are of; no edge where several elements absorb."""
        attributes = self.table.attrs
        zero, unit, origin = (str(attributes[key]) for key in ("energy_zero", "mu_unit", "engine"))
        edge = None
        if len(self.absorbers) == 1:
            # Datasets that do not say their edge are of K-edges.
            edge = Edge(next(iter(self.absorbers)), str(attributes.get("edge", "K")))
        return Identity(edge, zero, unit, origin)

    @property
    def targets(self) -> dict[str, AnyTarget]:
        """What is known of the sites or can be computed, by name."""
        targets = {} if self.rule is None else self.rule.targets()
        names = {*map(str, self.table.coords)}
        names |= {"environment"} if "coordination" in names else set()
        stated = {name: kind(None) for name, kind in TARGETS.items() if name in names}
        # What was computed by the dataset's own rule is known more precisely: with its parameters.
        return {**stated, **targets}

    def target(self, name: str) -> AnyTarget:
        """Look a target up by its name: one that the dataset states or tells how to compute."""
        if name not in self.targets:
            raise InputError(
                f"{self.source}: says nothing of the target '{name}'; it has "
                f"{', '.join(self.targets) or 'none'}"
            )
        return self.targets[name]

    def labels(self, target: Target) -> np.ndarray:
        """Give the class name or number of each site; ``""`` or NaN where a site has no value.

        What the dataset states is taken as it is; all else is computed from the structures.
        """
        if target.name in self.table.coords and target == self.targets.get(target.name):
            return self.table[target.name].values
        if target.of_classes and target.neighbour is None:
            return np.where(self.environment == UNCLEAR, "", self.environment)
        return compute_labels(target, self.structures, self.snapshot, self.atom)

    def labelled(self, target: Target, window: Window, told: Sequence[Feature] = ()) -> Labelled:
        """Give the spectra in a window, behind features, with the target of each site."""
        words = {each.name: self._told(each.name) for each in told}
        inputs = with_features(self.inputs(window), told, words, self.source)
        return Labelled(
            inputs,
            self.labels(target),
            self.environment,
            tuple(map(len, told)),
            self.groups("composition"),
        )

    def features(self, names: str | Sequence[str], window: Window) -> tuple[Feature, ...]:
        """Give columns of words, see `groups`, as features, and what the window leaves out."""
        names = as_names(names)
        if targets := sorted({*names} & {*TARGETS}):
            raise InputError(
                f"{self.source}: '{targets[0]}' is a target, which no model may be told; choose "
                f"features of {', '.join(self._words)}"
            )
        return features_of({each: self._told(each) for each in (*names, *[RISE] * window.aligned)})

    def _told(self, name: str) -> np.ndarray:
        return find_rises(self.energy, self.mu, self.source) if name == RISE else self.groups(name)

    @property
    def classes(self) -> list[str]:
        """Class names that occur, in order."""
        return class_order(self.environment.tolist())

    def counts(self) -> dict[str, int]:
        """Count the sites of each class."""
        counted = Counter(self.environment.tolist())
        return {name: counted[name] for name in self.classes}

    def inputs(self, window: Window | None = None) -> Float[np.ndarray, "site grid"]:
        """Spectra on a window's energies, which the dataset must cover, as a model takes them."""
        return cut_window(self.energy, self.mu, window or Window(), self.source)

    @property
    def names(self) -> list[str]:
        """Snapshot and atom of each site, as predictions name them."""
        return [f"{name}/{atom}" for name, atom in zip(self.snapshot, self.atom, strict=True)]

    @property
    def multiplicity(self) -> Float[np.ndarray, " site"]:
        """How many atoms each site stands for; one where the dataset does not state it."""
        stated = self.table.coords.get("multiplicity")
        return np.ones(len(self)) if stated is None else np.asarray(stated.values, float)

    def groups(self, by: str) -> np.ndarray:
        """Name the group of each site: sites of one group are not independent.

        Groups are by ``"atom"``, one atom of a trajectory in all its snapshots, or by what the
        dataset states in words of each site: ``"snapshot"``, ``"trajectory"``, ``"crystal"`` ...
        Its ``"composition"``, the reduced formula, is that of its structure.
        """
        if by == "atom":
            return np.array(
                [f"{run}/{atom}" for run, atom in zip(self.trajectory, self.atom, strict=True)]
            )
        if by == "composition" and by not in self.table.coords:
            formulas = {name: reduced_formula(atoms) for name, atoms in self.structures.items()}
            return np.array([formulas[name] for name in self.snapshot])
        if by not in self.group_names:
            raise InputError(
                f"{self.source}: has no groups '{by}'; choose one of {', '.join(self._words)}"
            )
        return self.table[by].values

    @property
    def group_names(self) -> list[str]:
        """What `groups` takes."""
        columns = self.table.coords.items()
        stated = [str(name) for name, column in columns if column.dtype.kind == "U"]
        return list(dict.fromkeys(["atom", *stated, "composition"]))

    @property
    def _words(self) -> list[str]:
        """Groups that are no targets."""
        return [name for name in self.group_names if name not in TARGETS]

    @property
    def hard(self) -> bool:
        """Whether all edges lie above 2 keV: core holes blur them, no gap shows their zero."""
        name = str(self.table.attrs.get("edge", "K"))
        return all(Edge(absorber, name).energy > 2000 for absorber in self.absorbers)

    def names_mask(self, names: str | Sequence[str]) -> Bool[np.ndarray, " site"]:
        """Tell which sites belong to the named snapshots, trajectories or compositions.

        A composition is named by its formula, however that is written.
        """
        mask, compositions = np.zeros(len(self), bool), self.groups("composition")
        for name in as_names(names):
            named = (self.snapshot == name) | (self.trajectory == name)
            if not named.any():
                with suppress(InputError):
                    named = compositions == reduced_formula(name)
            if not named.any():
                kinds = compositions, self.trajectory, self.snapshot
                given = list(dict.fromkeys(n for each in kinds for n in np.unique(each).tolist()))
                more = f" and {len(given) - MOST_NAMED} more" if len(given) > MOST_NAMED else ""
                raise InputError(
                    f"{self.source}: no snapshot, trajectory or composition is named '{name}'; "
                    f"there are {', '.join(given[:MOST_NAMED])}{more}"
                )
            mask |= named
        return mask

    def select(self, sites: np.ndarray) -> "SiteSpectra":
        """Select sites, by a mask or by their rows, and the structures they need."""
        rows = np.flatnonzero(sites) if np.asarray(sites).dtype == bool else np.asarray(sites)
        if not len(rows):
            raise InputError(f"{self.source}: no site is left; select fewer away")
        return selected(self.table, self.structures, rows, self.source)

    def snapshots(self) -> list[Snapshot]:
        """Give the structures with trajectory, temperature and time, as an engine takes them."""
        frames = []
        for name, atoms in self.structures.items():
            row = int(np.flatnonzero(self.snapshot == name)[0])
            temperature = float(self.temperature[row])
            stated = temperature if np.isfinite(temperature) else None
            bare = Atoms(atoms.symbols, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
            run, time = str(self.trajectory[row]), atoms.info.get("time")
            frames.append(Snapshot(name, run, stated, time, bare))
        return frames

    def relabel(self, rule: EnvironmentRule) -> "SiteSpectra":
        """Label the sites again from their structures, with another cutoff or dimer distance."""
        if list(self.absorbers) != [rule.absorber]:
            raise InputError(
                f"{self.source}: holds {', '.join(self.absorbers)} spectra and cannot be labelled "
                f"for the absorber {rule.absorber}; compute that element's spectra"
            )
        labels = label_sites(self.structures, self.snapshot, self.atom, rule)
        table = self.table.assign_coords(
            {name: ("site", values) for name, values in labels.items()}
        )
        return SiteSpectra(table.assign_attrs(rule_attributes(rule)), self.structures, self.source)

    def fingerprint(self) -> str:
        """SHA-256 of energies, spectra and labels: tells whether two datasets are the same."""
        digest = hashlib.sha256()
        for array in (self.energy, self.mu):
            digest.update(np.ascontiguousarray(array).tobytes())
        if "coordination" in self.table.coords:
            counts = np.nan_to_num(self.coordination.astype(float), nan=-1)
            digest.update(counts.astype("int64").tobytes())
        for names in (self.environment, self.snapshot, self.trajectory, self.atom):
            digest.update("\n".join(map(str, names)).encode())
        return digest.hexdigest()


def selected(
    table: xr.Dataset, structures: Mapping[str, Atoms], rows: np.ndarray, source: str
) -> SiteSpectra:
    """Make a dataset of some rows of a table, and the structures they need."""
    part = table.isel(site=rows)
    names = set(part["snapshot"].values.tolist())
    return SiteSpectra(part, {n: atoms for n, atoms in structures.items() if n in names}, source)
