"""Spectra as a figure."""

from typing import TYPE_CHECKING

from nearedge.spectra._normalisation import Normalised
from nearedge.spectra._spectrum import Spectrum

if TYPE_CHECKING:
    import matplotlib.figure


def plot(*spectra: Spectrum | Normalised) -> "matplotlib.figure.Figure":
    """Draw spectra over their energies; of a normalised one E0 too.

    Parameters
    ----------
    *spectra : Spectrum or Normalised

    Returns
    -------
    Figure
        To show in a notebook, or to save: ``plot(spectrum).savefig("spectrum.png")``.
    """
    from matplotlib.figure import Figure

    from nearedge.drawing.style import figure_style, plain

    with figure_style():
        figure = Figure(figsize=(5.0, 3.2), layout="constrained")
        axes = figure.add_subplot()
        lines, names = [], []
        for each in spectra:
            drawn = each.spectrum if isinstance(each, Normalised) else each
            (line,) = axes.plot(drawn.energy, drawn.mu)
            lines.append(line)
            names.append(plain(drawn.name))
            if isinstance(each, Normalised):
                axes.axvline(each.e0, color=line.get_color(), linestyle=":", linewidth=0.8)
        normalised = all(isinstance(each, Normalised) for each in spectra)
        axes.set(
            xlabel="energy, eV", ylabel="normalised absorption" if normalised else "absorption"
        )
        axes.legend(lines, names)
    return figure
