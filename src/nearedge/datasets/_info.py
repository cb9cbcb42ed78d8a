"""What a dataset is summed up to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EnergyInfo:
    """Its energies in eV: least, greatest, how many, and what 0 eV is."""

    min: float
    max: float
    n: int
    zero: str


@dataclass(frozen=True)
class DatasetInfo:
    """Sites, groups, labels, energies and provenance of a dataset; None where there is not one."""

    sites: int
    absorbers: dict[str, int]
    edge: str
    snapshots: int
    trajectories: int
    snapshot_names: list[str]
    trajectory_names: list[str]
    temperatures: list[float]
    classes: dict[str, int]
    targets: dict[str, str]
    absorber: str | None
    neighbour: str | None
    cutoff: float | None
    dimer: float | None
    mean_coordination: float | None
    engine: str
    energy: EnergyInfo
    mu_unit: str
    version: str
    fingerprint: str
    provenance: dict[str, str | int | float]

    def facts(self) -> dict[str, str]:
        """Sum it up in words."""
        energy = self.energy
        sites = ", ".join(f"{count} {element}" for element, count in self.absorbers.items())
        words = {
            "sites": f"{self.sites} ({sites} {self.edge}-edge)",
            "snapshots": f"{self.snapshots} of {self.trajectories} trajectories",
            "temperatures": ", ".join(f"{t:g} K" for t in self.temperatures) or "not stated",
            "classes": ", ".join(f"{name}: {count}" for name, count in self.classes.items()),
            **self.targets,
            "energies": f"{energy.n} from {energy.min:g} to {energy.max:g} eV",
            "energy zero": energy.zero,
            "unit of mu": self.mu_unit,
            "engine": self.engine,
            **{key: str(value) for key, value in self.provenance.items()},
            "fingerprint": self.fingerprint,
        }
        return {name.replace("_", " "): text for name, text in words.items()}
