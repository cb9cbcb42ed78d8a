"""SiteSpectra: one spectrum per absorber atom, its labels, and the structure it comes from."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from ase import Atoms
from jaxtyping import Float, Int

from nearedge.datasets._info import DatasetInfo, EnergyInfo
from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.learning.examples import Labelled
from nearedge.spectra import Identity, Window, check_spectra, resample
from nearedge.structures import Snapshot
from nearedge.targets import TARGETS, AnyTarget, EnvironmentRule, Target, class_order

# What every dataset says of its sites, and the kind of NumPy dtype that holds it.
SITE_COORDINATES = {
    "snapshot": "U",
    "trajectory": "U",
    "temperature": "f",
    "atom": "i",
    "absorber": "U",
}
RULE = ("absorber", "neighbour", "cutoff", "dimer")
"""Attributes that say how the sites were labelled; a dataset may state its labels instead."""
REQUIRED = ("engine", "energy_zero", "mu_unit")
ATTRIBUTES = (*REQUIRED, *RULE, "edge")
"""Attributes that parts of a dataset must agree on."""


@dataclass(frozen=True)
class SiteSpectra:
    """A dataset: spectra of single absorber atoms, labelled and traceable to their atoms.

    Made by `nearedge.datasets.assemble`, `nearedge.load_dataset` or `nearedge.simulate`, rarely
    by hand.

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
        _check_sites(self)

    def __len__(self) -> int:
        return self.table.sizes["site"]

    def __repr__(self) -> str:
        """Say in one line how many spectra of what it holds."""
        return (
            f"<SiteSpectra: {len(self)} sites of {len(set(self.trajectory))} trajectories, "
            f"{len(self.energy)} energies from {self.energy[0]:g} to {self.energy[-1]:g} eV, "
            f"{self.source}>"
        )

    @property
    def energy(self) -> Float[np.ndarray, " energy"]:
        """Energies in eV from the zero the attribute ``energy_zero`` states."""
        return self.table["energy"].values.astype(float)

    @property
    def mu(self) -> Float[np.ndarray, "site energy"]:
        """Absorption of each site in the unit the attribute ``mu_unit`` states."""
        return self.table["mu"].values.astype(float)

    @property
    def coordination(self) -> Int[np.ndarray, " site"]:
        """Number of neighbour atoms of each site."""
        return self._column("coordination")

    @property
    def environment(self) -> np.ndarray:
        """Class name of each site; its element where the dataset states no classes."""
        return self.table.get("environment", self.table["absorber"]).values

    def _column(self, name: str) -> np.ndarray:
        if name not in self.table.coords:
            raise InputError(f"{self.source}: states no {name} of its sites")
        return self.table[name].values

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
    def attributes(self) -> dict[str, Any]:
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
        stated = {name: kind(None) for name, kind in TARGETS.items() if name in self.table.coords}
        # What was computed by the dataset's own rule is known more precisely: with its parameters.
        return {**stated, **targets}

    def target(self, name: str) -> AnyTarget:
        """Look a target up by its name.

        Raises
        ------
        InputError
            If the dataset neither states it nor tells how to compute it.
        """
        if name not in self.targets:
            raise InputError(
                f"{self.source}: says nothing of the target '{name}'; it has "
                f"{', '.join(self.targets) or 'none'}"
            )
        return self.targets[name]

    def labels(self, target: Target) -> np.ndarray:
        """Give the value of a target for each site.

        What the dataset states is taken as it is; all else is computed from the structures.

        Returns
        -------
        ndarray, shape (site,)
            Class names or numbers; ``""`` or NaN where a site has no value.

        Raises
        ------
        InputError
            If it can be neither looked up nor computed.

        Examples
        --------
        >>> import nearedge
        >>> data = nearedge.load_dataset("li3feo35")
        >>> valence = data.labels(data.target("bond_valence"))
        >>> bool(valence[data.coordination > 2].mean() > 2 * valence[data.coordination < 1].mean())
        True
        """
        if target.name in self.table.coords and target == self.targets.get(target.name):
            return self.table[target.name].values
        return compute_labels(target, self.structures, self.snapshot, self.atom)

    def labelled(self, target: Target, window: Window) -> Labelled:
        """Give the spectra on a window's energies with the target of each site."""
        return Labelled(self.inputs(window), self.labels(target), self.environment)

    @property
    def classes(self) -> list[str]:
        """Class names that occur, in order."""
        return class_order(self.environment.tolist())

    def counts(self) -> dict[str, int]:
        """Count the sites of each class."""
        counted = Counter(self.environment.tolist())
        return {name: counted[name] for name in self.classes}

    def inputs(self, window: Window | None = None) -> Float[np.ndarray, "site grid"]:
        """Spectra on a window's energies, as a model takes them.

        Raises
        ------
        InputError
            If the dataset's energies do not cover the window.
        """
        grid = (window or Window()).grid
        return resample(self.energy, self.mu, grid, self.source)

    def groups(self, by: str) -> np.ndarray:
        """Name the group of each site: sites of one group are not independent.

        Parameters
        ----------
        by : str
            ``"atom"``, one atom of a trajectory in all its snapshots; or what the dataset states
            in words of each site: ``"snapshot"``, ``"trajectory"``, ``"crystal"`` ...

        Raises
        ------
        InputError
            If it does not.
        """
        if by == "atom":
            return np.array(
                [f"{run}/{atom}" for run, atom in zip(self.trajectory, self.atom, strict=True)]
            )
        if by not in self.group_names:
            raise InputError(
                f"{self.source}: has no groups '{by}'; choose one of {', '.join(self.group_names)}"
            )
        return self.table[by].values

    @property
    def group_names(self) -> list[str]:
        """What `groups` takes."""
        words = [str(name) for name, one in self.table.coords.items() if one.dtype.kind == "U"]
        return ["atom", *words]

    def names_mask(self, names: Sequence[str]) -> np.ndarray:
        """Tell which sites belong to the named snapshots or trajectories.

        Returns
        -------
        bool array, shape (site,)

        Raises
        ------
        InputError
            If a name is neither; the message lists the known ones.
        """
        mask = np.zeros(len(self), bool)
        for name in names:
            named = (self.snapshot == name) | (self.trajectory == name)
            if not named.any():
                known = sorted({*self.trajectory.tolist(), *self.snapshot.tolist()})
                raise InputError(
                    f"{self.source}: no snapshot or trajectory is named '{name}'; "
                    f"known are {', '.join(known)}"
                )
            mask |= named
        return mask

    def select(self, sites: np.ndarray) -> "SiteSpectra":
        """Keep some sites, and the structures they need.

        Parameters
        ----------
        sites : bool array, shape (site,), or int array
            Which to keep.

        Raises
        ------
        InputError
            If none would be left.
        """
        kept = np.flatnonzero(sites) if np.asarray(sites).dtype == bool else np.asarray(sites)
        if not len(kept):
            raise InputError(f"{self.source}: no site is left; select fewer away")
        table = self.table.isel(site=kept)
        names = set(table["snapshot"].values.tolist())
        structures = {name: atoms for name, atoms in self.structures.items() if name in names}
        return SiteSpectra(table, structures, self.source)

    def snapshots(self) -> list[Snapshot]:
        """Give the structures with trajectory, temperature and time, as an engine takes them."""
        frames = []
        for name, atoms in self.structures.items():
            row = int(np.flatnonzero(self.snapshot == name)[0])
            temperature = float(self.temperature[row])
            frames.append(
                Snapshot(
                    name=name,
                    trajectory=str(self.trajectory[row]),
                    temperature=temperature if np.isfinite(temperature) else None,
                    time=atoms.info.get("time"),
                    atoms=Atoms(
                        atoms.get_chemical_symbols(),
                        atoms.positions,
                        cell=atoms.cell,
                        pbc=atoms.pbc,
                    ),
                )
            )
        return frames

    def relabel(self, rule: EnvironmentRule) -> "SiteSpectra":
        """Label the sites again from their structures, with another cutoff or dimer distance.

        Raises
        ------
        InputError
            If the rule's absorber is not the one whose spectra these are.
        """
        if list(self.absorbers) != [rule.absorber]:
            raise InputError(
                f"{self.source}: holds {', '.join(self.absorbers)} spectra and cannot be labelled "
                f"for the absorber {rule.absorber}; compute that element's spectra"
            )
        labels = label_sites(self.structures, self.snapshot, self.atom, rule)
        table = self.table.assign_coords({name: ("site", one) for name, one in labels.items()})
        return SiteSpectra(table.assign_attrs(rule_attributes(rule)), self.structures, self.source)

    def info(self) -> DatasetInfo:
        """Sum the dataset up."""
        energy, attributes, rule = self.energy, self.attributes, self.rule
        numbers = self.table.coords.get("coordination")
        return DatasetInfo(
            sites=len(self),
            absorbers=self.absorbers,
            edge=str(attributes.get("edge", "K")),
            snapshots=len(set(self.snapshot)),
            trajectories=len(set(self.trajectory)),
            snapshot_names=list(dict.fromkeys(self.snapshot.tolist())),
            trajectory_names=list(dict.fromkeys(self.trajectory.tolist())),
            temperatures=sorted({float(t) for t in self.temperature if np.isfinite(t)}),
            classes=self.counts(),
            targets={name: target.words() for name, target in self.targets.items()},
            absorber=next(iter(self.absorbers)) if len(self.absorbers) == 1 else None,
            neighbour=rule and rule.neighbour,
            cutoff=rule and rule.cutoff,
            dimer=rule and rule.dimer,
            mean_coordination=None if numbers is None else float(numbers.mean()),
            engine=str(attributes["engine"]),
            energy=EnergyInfo(
                float(energy[0]), float(energy[-1]), len(energy), str(attributes["energy_zero"])
            ),
            mu_unit=str(attributes["mu_unit"]),
            version=str(attributes.get("nearedge_version", "")),
            fingerprint=self.fingerprint(),
            provenance={
                key: value.item() if isinstance(value, np.generic) else value
                for key, value in attributes.items()
                if key not in (*ATTRIBUTES, "nearedge_version")
            },
        )

    def fingerprint(self) -> str:
        """SHA-256 of energies, spectra and labels: tells whether two datasets are the same."""
        digest = hashlib.sha256()
        for array in (self.energy, self.mu):
            digest.update(np.ascontiguousarray(array).tobytes())
        if "coordination" in self.table.coords:
            digest.update(self.coordination.astype("int64").tobytes())
        for names in (self.environment, self.snapshot, self.trajectory, self.atom):
            digest.update("\n".join(map(str, names)).encode())
        return digest.hexdigest()


def rule_attributes(rule: EnvironmentRule) -> dict[str, str | float]:
    """Write a rule as dataset attributes; no dimer class is a dimer distance of NaN."""
    return {**asdict(rule), "dimer": np.nan if rule.dimer is None else rule.dimer}


def compute_labels(
    target: Target, structures: Mapping[str, Atoms], snapshot: np.ndarray, atom: np.ndarray
) -> np.ndarray:
    """Compute a target for given atoms of named structures."""
    values: list[Any] = [None] * len(atom)
    for name in dict.fromkeys(snapshot.tolist()):
        rows = np.flatnonzero(snapshot == name)
        for row, value in zip(rows, target.of(structures[name], atom[rows]), strict=True):
            values[row] = value
    return np.array(values)


def label_sites(
    structures: Mapping[str, Atoms], snapshot: np.ndarray, atom: np.ndarray, rule: EnvironmentRule
) -> dict[str, np.ndarray]:
    """Find coordination number and class of given atoms of named structures.

    Raises
    ------
    InputError
        If one is no atom of the rule's absorber.
    """
    for name, index in zip(snapshot.tolist(), atom.tolist(), strict=True):
        if structures[name].get_chemical_symbols()[index] != rule.absorber:
            raise InputError(
                f"atom {index} of snapshot '{name}' is no {rule.absorber} atom; spectra and "
                "structure do not belong together"
            )
    return {
        target.name: compute_labels(target, structures, snapshot, atom)
        for target in (rule.coordination, rule.environment)
    }


def check_table(table: xr.Dataset, source: str) -> None:
    """Refuse a table that is no dataset, whatever its sites are like."""
    if "mu" not in table or table["mu"].dims != ("site", "energy") or "energy" not in table:
        raise InputError(f"{source}: holds no mu(site, energy); it is not a nearedge dataset")
    for name, dtype in SITE_COORDINATES.items():
        if name not in table or table[name].dims != ("site",):
            raise InputError(f"{source}: says no '{name}' of its sites; make the dataset again")
        if table[name].dtype.kind != dtype:
            raise InputError(
                f"{source}: '{name}' is of type {table[name].dtype}, which cannot be read"
            )
    for name, target in TARGETS.items():
        if name in table and (table[name].dtype.kind == "U") != target.of_classes:
            raise InputError(
                f"{source}: '{name}' is of type {table[name].dtype}, which it cannot be"
            )
    missing = [name for name in REQUIRED if name not in table.attrs]
    if missing:
        raise InputError(f"{source}: does not say its {', '.join(missing)}; make the dataset again")


def _check_sites(data: SiteSpectra) -> None:
    symbols = {name: atoms.get_chemical_symbols() for name, atoms in data.structures.items()}
    absorbers = data.table["absorber"].values
    for name, atom, absorber in zip(data.snapshot, data.atom, absorbers, strict=True):
        if name not in symbols:
            raise InputError(f"{data.source}: the structure of snapshot '{name}' is missing")
        if not 0 <= atom < len(symbols[name]) or symbols[name][atom] != absorber:
            raise InputError(
                f"{data.source}: atom {atom} of snapshot '{name}' is no {absorber} atom; "
                "spectra and structures do not belong together"
            )
    seen = Counter(zip(data.snapshot.tolist(), data.atom.tolist(), strict=True))
    (name, atom), most = seen.most_common(1)[0]
    if most > 1:
        raise InputError(f"{data.source}: atom {atom} of snapshot '{name}' occurs {most} times")
