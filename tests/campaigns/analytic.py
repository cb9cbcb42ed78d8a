"""An engine of a formula, fast enough to test campaigns with; worker processes import it.

Each neighbour adds a Gaussian at its distance. Some sites can be told to go wrong.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from nearedge.engines import Preparation, SiteSpectrum
from nearedge.errors import EngineError
from nearedge.structures.clusters import cut_cluster


@dataclass(frozen=True)
class AnalyticEngine:
    radius: float = 3.0
    refuse: tuple[int, ...] = ()
    crash: tuple[int, ...] = ()
    hang: tuple[int, ...] = ()
    diverge: bool = False
    size: int = 0
    calls: Path | None = None

    @property
    def name(self) -> str:
        return "analytic"

    def groups(self, atoms: Atoms, sites: Sequence[int]) -> dict[str, tuple[int, ...]]:
        """Groups of `size` sites, the first the rest."""
        cut = len(sites) - self.size
        named = {"ordinary": tuple(sites[:cut]), "other": tuple(sites[cut:])}
        return {name: members for name, members in named.items() if members}

    def prepare(self, atoms: Atoms, sites: Sequence[int], folder: Path) -> Preparation:
        self._note(f"prepare {sites[0]}")
        if "other" in folder.name and self.diverge:
            raise EngineError("the field did not converge")
        return Preparation(representative=sites[0], fermi_level=-12.0)

    def spectrum(self, atoms: Atoms, site: int, prepared: Path, folder: Path) -> SiteSpectrum:
        self._note(f"spectrum {site}")
        if not prepared.is_dir():
            raise EngineError("was not prepared")
        if site in self.refuse:
            raise EngineError("the spectrum came out upside down")
        if site in self.crash:
            os.abort()
        if site in self.hang:
            time.sleep(600)
        energy = np.linspace(-2.0, 12.0, 29)
        distance = cut_cluster(atoms, site, self.radius).distance[1:]
        mu = np.exp(-((energy[:, None] - 2 * distance) ** 2)).sum(axis=1)
        return SiteSpectrum(energy, mu, {"computed_atom": site})

    def attributes(self) -> dict[str, str | float | int]:
        return {
            "engine": "analytic",
            "engine_version": "1",
            "energy_zero": "none",
            "mu_unit": "1",
            "parameters": f"radius {self.radius}",
            "acknowledgement": "",
        }

    def _note(self, line: str) -> None:
        if self.calls is not None:
            with self.calls.open("a") as stream:
                stream.write(f"{line}\n")
