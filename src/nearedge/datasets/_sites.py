"""SiteSpectra: one spectrum per absorber atom, its label, and the structure it comes from."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from ase import Atoms
from jaxtyping import Float, Int

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.spectra import Identity, Window, check_spectra, resample
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule, class_order

Group = Literal["snapshot", "atom", "trajectory"]

# What every dataset says of its sites, and the kind of NumPy dtype that holds it.
SITE_COORDINATES = {
    "snapshot": "U",
    "trajectory": "U",
    "temperature": "f",
    "atom": "i",
    "absorber": "U",
    "coordination": "i",
    "environment": "U",
}
ATTRIBUTES = ("engine", "energy_zero", "mu_unit", "absorber", "neighbour", "cutoff", "dimer")


@dataclass(frozen=True)
class SiteSpectra:
    """A dataset: spectra of single absorber atoms, labelled and traceable to their atoms.

    Made by `nearedge.datasets.assemble`, `nearedge.load_dataset` or `nearedge.simulate`, rarely
    by hand.

    Parameters
    ----------
    table : xarray.Dataset
        ``mu(site, energy)`` with coordinates ``energy`` (eV) and, per site, ``snapshot``,
        ``trajectory``, ``temperature`` (K), ``atom``, ``absorber``, ``coordination`` and
        ``environment``; its attributes say engine, energy zero, unit, rule and provenance.
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
    >>> data = nearedge.load_dataset(nearedge.starter_path())
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
        return self.table["coordination"].values

    @property
    def environment(self) -> np.ndarray:
        """Class name of each site."""
        return self.table["environment"].values

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
    def rule(self) -> EnvironmentRule:
        """How the sites were labelled."""
        attributes = self.table.attrs
        dimer = float(attributes["dimer"])
        return EnvironmentRule(
            str(attributes["absorber"]),
            str(attributes["neighbour"]),
            float(attributes["cutoff"]),
            None if np.isnan(dimer) else dimer,
        )

    @property
    def identity(self) -> Identity:
        """What the spectra are of; the edge is K where the dataset does not say."""
        attributes = self.table.attrs
        edge = Edge(str(attributes["absorber"]), str(attributes.get("edge", "K")))
        zero, unit, origin = (str(attributes[key]) for key in ("energy_zero", "mu_unit", "engine"))
        return Identity(edge, zero, unit, origin)

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

    def groups(self, kind: Group) -> np.ndarray:
        """Name the group of each site: sites of one group are not independent.

        Parameters
        ----------
        kind : {"snapshot", "atom", "trajectory"}
            ``"atom"`` is one atom of a trajectory in all its snapshots.
        """
        if kind == "atom":
            return np.array(
                [f"{run}/{atom}" for run, atom in zip(self.trajectory, self.atom, strict=True)]
            )
        return self.table[kind].values

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
        if rule.absorber != self.rule.absorber:
            raise InputError(
                f"{self.source}: holds {self.rule.absorber} spectra and cannot be labelled for the "
                f"absorber {rule.absorber}; compute that element's spectra"
            )
        coordination, environment = label_sites(self.structures, self.snapshot, self.atom, rule)
        table = self.table.assign_coords(
            coordination=("site", coordination), environment=("site", environment)
        )
        return SiteSpectra(table.assign_attrs(rule_attributes(rule)), self.structures, self.source)

    def info(self) -> dict[str, Any]:
        """Sum the dataset up, ready for JSON."""
        energy, attributes, rule = self.energy, self.attributes, self.rule
        return {
            "sites": len(self),
            "snapshots": len(set(self.snapshot)),
            "trajectories": len(set(self.trajectory)),
            "snapshot_names": list(dict.fromkeys(self.snapshot.tolist())),
            "trajectory_names": list(dict.fromkeys(self.trajectory.tolist())),
            "temperatures": sorted({float(t) for t in self.temperature if np.isfinite(t)}),
            "classes": self.counts(),
            "absorber": rule.absorber,
            "neighbour": rule.neighbour,
            "cutoff": rule.cutoff,
            "dimer": rule.dimer,
            "mean_coordination": float(self.coordination.mean()),
            "engine": attributes["engine"],
            "energy": {
                "min": float(energy[0]),
                "max": float(energy[-1]),
                "n": len(energy),
                "zero": attributes["energy_zero"],
            },
            "mu_unit": attributes["mu_unit"],
            "version": attributes.get("nearedge_version", ""),
            "fingerprint": self.fingerprint(),
            "provenance": {
                key: value.item() if isinstance(value, np.generic) else value
                for key, value in attributes.items()
                if key not in (*ATTRIBUTES, "nearedge_version")
            },
        }

    def fingerprint(self) -> str:
        """SHA-256 of energies, spectra and labels: tells whether two datasets are the same."""
        digest = hashlib.sha256()
        for array in (self.energy, self.mu, self.coordination.astype("int64")):
            digest.update(np.ascontiguousarray(array).tobytes())
        for names in (self.environment, self.snapshot, self.trajectory, self.atom):
            digest.update("\n".join(map(str, names)).encode())
        return digest.hexdigest()


def rule_attributes(rule: EnvironmentRule) -> dict[str, str | float]:
    """Write a rule as dataset attributes; no dimer class is a dimer distance of NaN."""
    return {
        "absorber": rule.absorber,
        "neighbour": rule.neighbour,
        "cutoff": float(rule.cutoff),
        "dimer": float("nan") if rule.dimer is None else float(rule.dimer),
    }


def label_sites(
    structures: Mapping[str, Atoms],
    snapshot: np.ndarray,
    atom: np.ndarray,
    rule: EnvironmentRule,
) -> tuple[Int[np.ndarray, " site"], np.ndarray]:
    """Look up coordination number and class of given atoms of named structures."""
    coordination = np.zeros(len(atom), int)
    environment = np.zeros(len(atom), object)
    for name in dict.fromkeys(snapshot.tolist()):
        labels = rule.label(structures[name])
        rows = np.flatnonzero(snapshot == name)
        stray = atom[rows][~np.isin(atom[rows], labels.atom)]
        if len(stray):
            raise InputError(
                f"atom {stray[0]} of snapshot '{name}' is no {rule.absorber} atom; "
                "spectra and structure do not belong together"
            )
        places = np.searchsorted(labels.atom, atom[rows])
        coordination[rows] = labels.coordination[places]
        environment[rows] = labels.environment[places]
    return coordination, environment.astype(str)


def check_table(table: xr.Dataset, source: str) -> None:
    """Refuse a table that is no dataset, whatever its sites are like."""
    if "mu" not in table or table["mu"].dims != ("site", "energy") or "energy" not in table:
        raise InputError(f"{source}: holds no mu(site, energy); it is not a nearedge dataset")
    for name, kind in SITE_COORDINATES.items():
        if name not in table or table[name].dims != ("site",):
            raise InputError(f"{source}: says no '{name}' of its sites; make the dataset again")
        if table[name].dtype.kind != kind:
            raise InputError(
                f"{source}: '{name}' is of type {table[name].dtype}, which cannot be read"
            )
    missing = [name for name in ATTRIBUTES if name not in table.attrs]
    if missing:
        raise InputError(f"{source}: does not say its {', '.join(missing)}; make the dataset again")


def _check_sites(data: SiteSpectra) -> None:
    absorber = str(data.table.attrs["absorber"])
    symbols = {name: atoms.get_chemical_symbols() for name, atoms in data.structures.items()}
    for name, atom in zip(data.snapshot, data.atom, strict=True):
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
