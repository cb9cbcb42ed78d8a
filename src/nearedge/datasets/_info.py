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
