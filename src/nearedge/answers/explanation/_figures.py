"""The figures of an explanation: the spectrum coloured by what decides, curves, similar sites."""

from textwrap import fill

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from nearedge.answers.explanation._attribution import Attribution
from nearedge.answers.explanation._explaining import (
    ClassExplanation,
    Setting,
    SpectrumExplanation,
)
from nearedge.answers.explanation._sites import Site
from nearedge.drawing.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PURPLE,
    VERMILION,
    plain,
    short_zero,
)
from nearedge.drawing.surroundings import draw_surroundings
from nearedge.targets import Target

# Blue and vermilion are told apart by colour-blind eyes, and neither looks like no colour.
_TWO_SIDED = LinearSegmentedColormap.from_list("two-sided", [BLUE, "#ffffff", VERMILION])
_CELLS = 6

# Of notes beside a title.
_SMALL = {"loc": "right", "fontsize": 8, "color": "0.35"}


def _add_legend(part: Figure | SubFigure, handles: list, labels: list, networks: int) -> None:
    """Set the legend below, and say what bands are, where there are any."""
    legend = part.legend(handles, labels, loc="outside lower center", ncols=3)
    if networks > 1:
        legend.set_title(
            "lines: mean over the networks; bands: standard deviation between them",
            prop=FontProperties(size=8),
        )


def _lines_of_spectra() -> list[Line2D]:
    """Lines of a spectrum and of the baseline, for a legend."""
    return [
        Line2D([], [], color=BLACK, lw=1.3),
        Line2D([], [], color=GREY, ls="--", lw=1),
    ]


def draw_spectrum_explanation(result: SpectrumExplanation) -> Figure:
    """Draw one spectrum, what is for and against, and the nearest training sites."""
    own = [] if result.site is None else [result.site]
    cells = [*own, *result.nearest][:_CELLS]
    figure = Figure(figsize=(7.6, 7.2 if cells else 4.6), layout="constrained")
    heights = [1.75, 1.0] if cells else [1.0]
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, hspace=0.04, squeeze=False)
    top = parts[0, 0]
    spectrum, curves = top.subplots(2, 1, sharex=True, height_ratios=[1.25, 1])
    attribution, setting = result.attribution, result.setting
    norm = _draw_pair(spectrum, curves, result.spectrum, setting, attribution)
    label = f"{setting.score(result.target)} per {attribution.width:g} eV"
    label = label.replace(" against", "\nagainst")
    colours = figure.colorbar(
        ScalarMappable(norm, _TWO_SIDED), ax=spectrum, pad=0.01, aspect=14, label=label
    )
    colours.ax.yaxis.set_major_locator(MaxNLocator(5, symmetric=True))
    spectrum.set_ylabel(f"µ ({_unit(setting)})")
    answer = result.answer_words() if result.prediction.applies else "the model does not apply"
    title = f"{plain(result.prediction.label)}: {answer}"
    spectrum.set_title(title, loc="left", fontweight="bold")
    handles = _lines_of_spectra()
    names = ["this spectrum", setting.baseline_name]
    spectrum.legend(
        handles, names, ncols=2, loc="upper right", bbox_to_anchor=(1, 1.0), borderaxespad=0.1
    )
    curves.set(
        xlabel=f"energy from {short_zero(str(setting.model.identity.zero))} (eV)",
        ylabel=label.replace(" per", "\nper"),
    )
    curves.set_title(f"rank correlation of the two methods {attribution.agreement:.2f}", **_SMALL)
    handles, labels = curves.get_legend_handles_labels()
    _add_legend(top, handles, labels, len(attribution.gradients))
    if cells:
        _draw_sites(parts[1, 0].subplots(2, _CELLS, height_ratios=[1.25, 1]), result, cells)
        parts[1, 0].supxlabel(
            "energy (eV); solid: this spectrum, dashed: that of the training site", fontsize=8
        )
    return figure


def draw_class_explanation(result: ClassExplanation) -> Figure:
    """Draw the mean spectrum of every class, coloured, with the curves of both methods."""
    count, setting = len(result.classes), result.setting
    columns = 3 if count > 4 else min(count, 2)
    rows = -(-count // columns)
    figure = Figure(figsize=(3.5 * columns, 3.1 * rows + 0.5), layout="constrained")
    panels = figure.subplots(
        2 * rows, columns, squeeze=False, sharex=True, height_ratios=[1.15, 1] * rows
    )
    # Of each class the panel of its spectrum, and that of the curves below.
    pairs = panels.reshape(rows, 2, columns).swapaxes(1, 2).reshape(-1, 2)
    for number, (name, explained) in enumerate(result.classes.items()):
        spectrum, curves = pairs[number]
        attribution = explained.attribution
        _draw_pair(spectrum, curves, explained.spectrum, setting, attribution)
        spectrum.set_title(setting.title(name), loc="left", fontweight="bold")
        spectrum.set_title(f"{explained.right} right of {explained.sites}", **_SMALL)
        curves.set_title(f"rank correlation {attribution.agreement:.2f}", **_SMALL, pad=3)
        if number % columns == 0:
            spectrum.set_ylabel("µ")
            word = "log-odds" if setting.model.target.of_classes else setting.score(None)
            curves.set_ylabel(f"{word} per {attribution.width:g} eV")
        curves.tick_params(labelbottom=True)
        # Of a column its last panel, also where the last row is not full.
        if number + columns >= count:
            curves.set_xlabel("energy (eV)")
    for axes in pairs[count:].ravel():
        axes.set_axis_off()
    handles, labels = pairs[0, 1].get_legend_handles_labels()
    handles += _lines_of_spectra()
    handles += [Patch(color=colour) for colour in (VERMILION, BLUE)]
    sides = ["for the class", "against it"]
    if not setting.model.target.of_classes:
        sides = [f"for {which} {setting.score(None)}" for which in ("higher", "lower")]
    labels += ["mean spectrum of the class", setting.baseline_name, *sides]
    _add_legend(figure, handles, labels, setting.model.estimator.members)
    seen = "sites never trained on" if result.unseen else "sites that were trained on"
    title = (
        f"What decides: means over right predictions for {seen}; energies from "
        f"{short_zero(str(setting.model.identity.zero))}; µ in {_unit(setting)}"
    )
    # Some 13 letters fit in an inch.
    figure.suptitle(fill(title, int(13 * figure.get_figwidth())), fontsize=9.5)
    return figure


def _draw_pair(
    spectrum: Axes,
    curves: Axes,
    mu: Float[np.ndarray, " energy"],
    setting: Setting,
    attribution: Attribution,
) -> Normalize:
    """Fill a spectrum with the colours of the summed gradients; below it draw both methods.

    Returns the scale of the colours.
    """
    energy, values = attribution.energy, attribution.summed.mean(axis=0)
    # Up to the baseline, where that is higher: what is lacking may decide, too.
    upper = np.maximum(mu, setting.baseline)
    most = float(np.abs(values).max()) or 1.0
    norm = Normalize(-most, most)
    floor, top = min(0.0, float(mu.min()), float(setting.baseline.min())), float(upper.max())
    image = spectrum.imshow(
        values[None],
        extent=(energy[0], energy[-1], floor, 1.05 * top),
        aspect="auto",
        cmap=_TWO_SIDED,
        norm=norm,
        interpolation="bilinear",
        zorder=1,
    )
    shape = spectrum.fill_between(energy, floor, upper, color="none")
    image.set_clip_path(shape.get_paths()[0], spectrum.transData)
    spectrum.plot(energy, setting.baseline, color=GREY, ls="--", lw=1, zorder=2)
    spectrum.plot(energy, mu, color=BLACK, lw=1.3, zorder=3)
    spectrum.set_ylim(floor, floor + 1.15 * (top - floor))
    for summed, colour, line, label in (
        (attribution.summed, PURPLE, "-", "integrated gradients, summed"),
        (attribution.occluded, GREEN, "--", "occlusion"),
    ):
        mean, spread = summed.mean(axis=0), summed.std(axis=0)
        curves.fill_between(energy, mean - spread, mean + spread, color=colour, alpha=0.16, lw=0)
        curves.plot(energy, mean, color=colour, ls=line, lw=1.5, label=label)
    curves.axhline(0, color="0.6", lw=0.8, zorder=0)
    for axes in (spectrum, curves):
        axes.axvline(0, color="0.8", lw=0.8, ls=":", zorder=0)
        axes.set_xlim(energy[0], energy[-1])
        axes.yaxis.set_major_locator(_ticks(4))
    return norm


def _draw_sites(panels: np.ndarray, result: SpectrumExplanation, cells: list[Site]) -> None:
    """Draw the spectrum's own atom, if known, and the nearest training sites, each above its µ."""
    window = result.setting.model.window
    energy = window.grid
    spectra = [site.data.select(np.array([site.row])).inputs(window)[0] for site in cells]
    top = 1.08 * max(float(mu.max()) for mu in (result.spectrum, *spectra))
    for picture, panel in panels.T[len(cells) :]:
        picture.set_axis_off()
        panel.set_axis_off()
    for number, (site, mu) in enumerate(zip(cells, spectra, strict=True)):
        picture, panel = panels[:, number]
        itself = site.distance is None
        caption = (
            f"{site.snapshot}\natom {site.atom}\n{_distances(site, result.setting.model.target)}"
        )
        draw_surroundings(picture, site.cluster(site.cutoff), caption)
        far = "itself" if itself else f"distance {site.distance:.2f}"
        picture.set_title(
            f"{result.setting.title(site.environment)}\n{far}",
            fontsize=8.5,
            fontweight="bold" if itself else "normal",
        )
        panel.plot(energy, result.spectrum, color=BLACK, lw=0.9)
        if not itself:
            panel.plot(energy, mu, color=VERMILION, lw=1.1, ls="--")
        panel.set(xlim=(energy[0], energy[-1]), ylim=(min(0.0, float(mu.min())), top))
        panel.xaxis.set_major_locator(_ticks(3))
        panel.yaxis.set_major_locator(_ticks(3))
        panel.tick_params(labelleft=number == 0)
    panels[1, 0].set_ylabel("µ")


def _distances(site: Site, asked: Target) -> str:
    """Distances in Å that make the class: the counted atoms, and a bond to the site's own kind."""
    counted = [f"{far:.2f}" for symbol, far in site.neighbours if symbol == asked.neighbour]
    neighbour = asked.neighbour or ""
    text = f"{neighbour} {' '.join(counted)} Å" if counted else f"no {neighbour}"
    absorber = site.cluster(site.cutoff).get_chemical_symbols()[0]
    partners = [far for symbol, far in site.neighbours if symbol == absorber]
    if site.environment.isdigit() or not partners:
        return text
    return f"{absorber} {partners[0]:.2f} Å, {text}"


def _ticks(count: int) -> MaxNLocator:
    return MaxNLocator(count, steps=[1, 2, 2.5, 5, 10])


def _unit(setting: Setting) -> str:
    """The unit without what explains it."""
    plain = str(setting.model.identity.unit).split("(")[0].strip() or "arbitrary"
    return plain if len(plain) <= 12 else "arb. units"
