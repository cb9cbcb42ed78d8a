"""Where quality control draws its lines."""

from dataclasses import dataclass

from nearedge.errors import InputError


@dataclass(frozen=True)
class QualityLimits:
    """What a site must satisfy to be above suspicion.

    Parameters
    ----------
    negative : float
        Most negative intensity that is noise, as a fraction of the spectrum's maximum; up to ten
        times as much is a warning.
    flat : float
        Smallest difference of highest and lowest intensity, as a fraction of the highest.
    fermi_spread : float
        Farthest in eV that a site's Fermi level may lie from that of most sites of its snapshot.
    scf_iterations : int
        Iterations at which a self-consistent field has met the engine's limit (FEFF's default).
    same_spectrum : float
        Distance of two spectra, each of length one, below which they are the same.
    same_position : float
        Distance in Å below which an atom is in the same place.
    members : int
        Sites a class needs for its spectra to be compared with each other.
    nearest : int
        Number of nearest spectra, of other atoms, that a spectrum is compared with.
    deviations : float
        Robust standard deviations (1.4826 times the median absolute deviation) that are usual.
    scale, extreme_scale : float
        Factor from the median intensity of the class that is always usual, and that is rejected.
    distance, extreme_distance : float
        Distance to the nearest spectra of the class, over the class's median of it, that is always
        usual, and that is rejected.
    outstanding : float
        Smallest such distance of a spectrum that may be called upside down or shifted: in a class
        of many shapes that cannot be said of one that is no farther off than the others.
    likeness : float
        Negative correlation with the class's median spectrum of one that is upside down.
    turned : float
        How many times nearer to its class a spectrum comes if turned, to be called upside down.
    gain : float
        How many times nearer to its class a spectrum comes if shifted, to be called shifted.
    shifts : tuple of float
        Shifts in eV that are tried, both ways.
    overlap : float
        Part of the window that a shifted spectrum must still cover.
    conflict : float
        How many times nearer to another class than to its own a spectrum must be to be doubted.

    Raises
    ------
    InputError
        If there would be no class to compare.
    """

    negative: float = 1e-3
    flat: float = 1e-3
    fermi_spread: float = 0.5
    scf_iterations: int = 30
    same_spectrum: float = 1e-6
    same_position: float = 0.01
    members: int = 8
    nearest: int = 3
    deviations: float = 6.0
    scale: float = 1.6
    extreme_scale: float = 3.0
    distance: float = 2.4
    extreme_distance: float = 6.0
    outstanding: float = 1.3
    likeness: float = 0.2
    turned: float = 1.4
    gain: float = 1.6
    shifts: tuple[float, ...] = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
    overlap: float = 0.75
    conflict: float = 1.9

    def __post_init__(self) -> None:
        if not 1 <= self.nearest < self.members:
            raise InputError(
                f"quality limits: {self.nearest} nearest of a class of {self.members}; a class "
                "needs more members than are compared with each"
            )
