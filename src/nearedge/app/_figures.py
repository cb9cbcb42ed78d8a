"""Figures of spectra that a browser draws; their colours are seen on light and dark grounds."""

from collections.abc import Sequence
from html import escape
from itertools import cycle

import numpy as np
import plotly.graph_objects as go
from ase import Atoms
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from jaxtyping import Float
from plotly.colors import qualitative

from nearedge.answers import Answer, Evidence, explanation
from nearedge.app._deciding import Deciding
from nearedge.datasets import SiteSpectra
from nearedge.drawing.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from nearedge.matching import Match, Resemblance
from nearedge.spectra import Normalised, Spectrum
from nearedge.structures.clusters import cut_cluster

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE)
FROM_RISE = "energy from the rise (eV)"
RADIUS = 4.0
"""Radius in Å of what is drawn around an absorber."""

METALS = set(range(1, 119)) - {
    *range(1, 3),
    *range(5, 11),
    *range(14, 19),
    *range(33, 37),
    52,
    53,
    54,
}
"""Atomic numbers."""

MANY = 12
"""Spectra from which a legend would hide them."""


def frame(x: str, y: str, *, height: int = 340, legend: bool = True) -> go.Figure:
    """Make an empty figure with named axes."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"title": x, "showgrid": False, "zeroline": False},
        yaxis={"title": y, "showgrid": False, "zeroline": False},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        showlegend=legend,
        hovermode="closest",
    )
    return figure


def draw_raw(spectrum: Spectrum, made: Normalised | None) -> go.Figure:
    """Draw a spectrum as it was read, with E0 and the lines before and after the edge."""
    figure = frame("energy (eV)", "as read")
    figure.add_scatter(
        x=spectrum.energy, y=spectrum.mu, name="as read", line={"color": BLUE, "width": 2}
    )
    if made is not None:
        for name, line, colour in (
            ("before the edge", made.before, GREEN),
            ("after the edge", made.after, ORANGE),
        ):
            dashed = {"color": colour, "dash": "dash", "width": 1.5}
            figure.add_scatter(x=spectrum.energy, y=line, name=name, line=dashed)
        # A parabola that is drawn far from where it was fitted would rule the axis.
        low, high = float(spectrum.mu.min()), float(spectrum.mu.max())
        room = 0.1 * (high - low)
        figure.update_yaxes(range=[low - room, high + room])
        _mark(figure, made.e0, f"E0 {made.e0:.1f} eV")
    return figure


def draw_normalised(made: Normalised) -> go.Figure:
    """Draw a spectrum with an edge step of one."""
    figure = frame("energy (eV)", "normalised absorption", legend=False)
    for level in (0.0, 1.0):
        figure.add_hline(level, line={"color": GREY, "dash": "dot", "width": 1})
    energy, mu = made.spectrum.energy, made.spectrum.mu
    figure.add_scatter(x=energy, y=mu, name="normalised", line={"color": BLUE, "width": 2})
    _mark(figure, made.e0, f"E0 {made.e0:.1f} eV")
    near = (energy > made.e0 - 40) & (energy < made.e0 + 120)
    if near.sum() > 10:
        ends = max(float(energy[0]), made.e0 - 40), min(float(energy[-1]), made.e0 + 120)
        figure.update_xaxes(range=ends)
    return figure


def _mark(figure: go.Figure, energy: float, words: str) -> None:
    figure.add_vline(
        energy, line={"color": VERMILION, "width": 1}, annotation_text=words,
        annotation_position="top right",
    )  # fmt: skip


def draw_fit(told: Answer, shown: int = 3) -> go.Figure | None:
    """Draw what the answer was made of over the measured spectrum."""
    if told.match is not None:
        return _fit_of_references(told.match, shown)
    return None if told.evidence is None else _fit_of_mixture(told.evidence)


def _fit_of_references(match: Match, shown: int) -> go.Figure:
    figure = frame(FROM_RISE, "normalised absorption", height=400)
    for place, reference in enumerate(match.first(shown)):
        figure.add_scatter(
            x=match.aligned.energy,
            y=match.curve(reference.reference),
            name=f"{reference.crystal.replace('_', ' ')} ({reference.misfit:.3f})",
            line={"color": COLOURS[1 + place], "dash": "dash", "width": 1.5},
        )
    figure.add_scatter(
        x=match.aligned.energy, y=match.aligned.mu, name="measured",
        line={"color": BLUE, "width": 2.5},
    )  # fmt: skip
    return figure


def _fit_of_mixture(evidence: Evidence) -> go.Figure:
    figure = frame("energy from the model's zero (eV)", evidence.unit, height=400)
    fit = evidence.fit
    figure.add_scatter(
        x=[*fit.energy, *fit.energy[::-1]], y=[*fit.high, *fit.low[::-1]], fill="toself",
        name="nine in ten sites", line={"width": 0}, fillcolor="rgba(127,127,127,0.25)",
        hoverinfo="skip",
    )  # fmt: skip
    dashed = {"color": VERMILION, "dash": "dash", "width": 2}
    figure.add_scatter(x=fit.energy, y=fit.mixture, name="mixture of this answer", line=dashed)
    line = {"color": BLUE, "width": 2.5}
    figure.add_scatter(x=fit.energy, y=fit.window, name="measured", line=line)
    return figure


def draw_chances(told: Answer) -> go.Figure | None:
    """Draw the probabilities of the numbers or classes, or the shares with their intervals."""
    for target, value in told.values.items():
        if value.probabilities is None:
            continue
        shares = {name: p for name, p in value.probabilities.items() if p >= 0.005}
        y = "share of the atoms" if value.intervals else "probability"
        figure = frame(target.replace("_", " "), y, height=300, legend=False)
        errors = None
        if value.intervals:
            ends = np.array([value.intervals[name] for name in shares])
            means = np.array(list(shares.values()))
            errors = {
                "color": GREY,
                "array": np.maximum(ends[:, 1] - means, 0),
                "arrayminus": np.maximum(means - ends[:, 0], 0),
            }
        names = list(shares)
        figure.add_bar(x=names, y=list(shares.values()), error_y=errors, marker_color=BLUE)
        figure.update_xaxes(type="category")
        figure.update_yaxes(tickformat=".0%", rangemode="tozero")
        return figure
    return None


def draw_deciding(deciding: Deciding) -> go.Figure:
    """Draw where one number of neighbours fits better than the next one."""
    figure = frame(FROM_RISE, "share of the difference", height=300, legend=False)
    colours = np.where(deciding.share >= 0, GREEN, VERMILION)
    figure.add_bar(x=deciding.energy, y=deciding.share, marker_color=colours)
    figure.update_yaxes(tickformat=".0%")
    return figure


def draw_attribution(explained: "explanation.SpectrumExplanation") -> go.Figure:
    """Draw what each energy adds to the number that a network tells, by two methods."""
    figure = frame("energy from the model's zero (eV)", "adds to the number", height=300)
    attribution = explained.attribution
    for name, curve, colour in (
        ("integrated gradients", attribution.summed.mean(axis=0), BLUE),
        ("hiding the energies", attribution.occluded.mean(axis=0), ORANGE),
    ):
        figure.add_scatter(x=attribution.energy, y=curve, name=name, line={"color": colour})
    figure.add_hline(0.0, line={"color": GREY, "dash": "dot", "width": 1})
    return figure


def draw_all(normalised: Sequence[tuple[str, Normalised]], *, absolute: bool) -> go.Figure:
    """Draw many normalised spectra over each other, on energies from E0 or as they are.

    Edges have a colour each; where there is one alone, spectra have.
    """
    x = "energy (eV)" if absolute else "energy from E0 (eV)"
    edges = [str(made.spectrum.edge) for _, made in normalised]
    several = len(set(edges)) > 1
    groups = edges if several else [name for name, _ in normalised]
    colours = dict(zip(dict.fromkeys(groups), cycle(qualitative.D3), strict=False))
    figure = frame(x, "normalised absorption", height=460, legend=len(colours) <= MANY)
    shown: set[str] = set()
    for group, (name, made) in zip(groups, normalised, strict=True):
        figure.add_scattergl(
            x=made.spectrum.energy - (0.0 if absolute else made.e0),
            y=made.spectrum.mu,
            name=group,
            legendgroup=group,
            showlegend=group not in shown,
            mode="lines",
            line={"color": colours[group], "width": 1.5},
            hovertemplate=f"{escape(name)}<br>%{{x:.1f}} eV, %{{y:.3f}}<extra></extra>",
        )
        shown.add(group)
    if not absolute and normalised:
        ends = np.array([made.spectrum.energy[[0, -1]] - made.e0 for _, made in normalised])
        figure.update_xaxes(range=[max(-40.0, ends[:, 0].min()), min(120.0, ends[:, 1].max())])
    if normalised:
        # A single spectrum that went wrong must not flatten all others.
        highest = [float(made.spectrum.mu.max()) for _, made in normalised]
        figure.update_yaxes(range=[-0.3, 1.1 * max(1.5, float(np.quantile(highest, 0.9)))])
    return figure


def draw_sites(
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "site energy"],
    names: Sequence[str],
    weights: Float[np.ndarray, " site"],
    unit: str,
) -> go.Figure:
    """Draw computed spectra of sites, and their mean."""
    figure = frame("energy (eV)", unit, height=400, legend=len(names) <= MANY)
    if len(names) > 1:
        for place, name in enumerate(names):
            line = {"color": COLOURS[(1 + place) % len(COLOURS)], "width": 1}
            figure.add_scatter(x=energy, y=mu[place], name=name, line=line)
    mean = np.average(mu, axis=0, weights=weights)
    figure.add_scatter(x=energy, y=mean, name="mean", line={"color": BLUE, "width": 2.5})
    return figure


def surroundings(data: SiteSpectra, reference: Resemblance) -> Atoms | None:
    """Cut out what is around a reference's absorber; None if its structure is not in the data."""
    if reference.crystal not in data.structures:
        return None
    structure = data.structures[reference.crystal]
    atom = reference.atom
    if atom is None:
        atom = structure.get_chemical_symbols().index(reference.absorber)
    cluster = cut_cluster(structure, atom, RADIUS)
    return Atoms(structure.numbers[cluster.atom], cluster.position)


def draw_structure(cluster: Atoms) -> go.Figure:
    """Draw an absorber, the first atom, and what is around it, to be turned."""
    figure = go.Figure()
    points, radii = cluster.positions, covalent_radii[cluster.numbers]
    apart = np.linalg.norm(points[:, None] - points, axis=-1)
    bonded = np.argwhere(np.triu(apart < 1.25 * (radii[:, None] + radii), 1))
    # Metals lie close to each other, too; all their neighbours would be bonds.
    sticks = [pair for pair in bonded if not METALS.issuperset(cluster.numbers[pair].tolist())]
    ends = np.full((3 * len(sticks), 3), np.nan)
    for place, (first, second) in enumerate(sticks):
        ends[3 * place], ends[3 * place + 1] = points[first], points[second]
    figure.add_scatter3d(
        **dict(zip("xyz", ends.T, strict=True)), mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": GREY, "width": 6},
    )  # fmt: skip
    symbols = np.array(cluster.get_chemical_symbols())
    names = np.array([f"{symbols[0]} (absorbs)", *symbols[1:]])
    far = np.linalg.norm(points, axis=1)
    for name in dict.fromkeys(names.tolist()):
        own = np.flatnonzero(names == name)
        red, green, blue = (255 * jmol_colors[cluster.numbers[own[0]]]).astype(int)
        figure.add_scatter3d(
            **dict(zip("xyz", points[own].T, strict=True)),
            mode="markers" if own[0] else "markers+text",
            name=name,
            text=symbols[own],
            hovertext=[f"{symbols[atom]}, {far[atom]:.2f} Å" for atom in own],
            hoverinfo="text",
            marker={
                "size": 10 + 8 * radii[own[0]],
                "color": f"rgb({red},{green},{blue})",
                "symbol": "circle" if own[0] else "diamond",
                "line": {"color": GREY, "width": 1},
                "opacity": 1.0,
            },
        )
    hidden = {axis: {"visible": False} for axis in ("xaxis", "yaxis", "zaxis")}
    figure.update_layout(
        height=420,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        scene={**hidden, "aspectmode": "data", "dragmode": "orbit"},
        legend={"orientation": "h", "y": 1.0, "x": 0},
    )
    return figure
