"""From a stack to maps of what is in each pixel: one zero for all, then pixel by pixel."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Bool, Num
from rich.console import Console
from threadpoolctl import threadpool_limits

from nearedge.answers._answer import Answer, Evidence
from nearedge.answers._answering import Request, answer, known_inference
from nearedge.answers._check import check
from nearedge.answers.maps._figures import draw_maps, draw_overview
from nearedge.answers.maps._maps import View, layers, new_maps, view_maps, write_rows
from nearedge.answers.maps._survey import MAPPED, UNLIKE, Survey, pieces, survey
from nearedge.drawing.progress import counting_bar
from nearedge.errors import InputError
from nearedge.files.stacks import Block, Stack
from nearedge.models import Model
from nearedge.models.inference import (
    Inference,
    PixelAnswers,
    PixelReader,
    Zero,
    ZeroPlaces,
    pixel_reader,
    signal_finder,
)
from nearedge.records import Json, replacing
from nearedge.spectra import Preparation, Spectrum

NOISY = 0.3
"""Noise of a pixel, as a share of its variation, from which it costs accuracy.

See benchmarks/maps.py.
"""

LEFT_OUT = 0.01
"""Probability of other places of the zero from which it is said that they are left out."""

HIGHEST_KEV = 120.0
"""Above all edges, keV."""

MAPS = "maps.h5"

AS_IT_IS = Preparation("none", glitches=False)
"""The mean spectrum is prepared as little as the pixels are."""


@dataclass(frozen=True)
class MapSettings:
    """How a stack is mapped.

    Parameters
    ----------
    zero : Zero
        What is known of the energy zero of the stack.
    mask_below : float, optional
        Pixels whose mean intensity is below this share of that of the brightest (of the 99th
        percentile, so that a few hot pixels do not matter) are left out.
    force : bool
        Whether pixels and stacks are mapped to which the model does not apply.

    Raises
    ------
    InputError
        If a number makes no sense.
    """

    zero: Zero = field(default_factory=Zero)
    mask_below: float | None = None
    force: bool = False

    def __post_init__(self) -> None:
        if self.mask_below is not None and not 0 <= self.mask_below < 1:
            raise InputError(
                f"{self.mask_below} is no share of the brightest pixels' intensity; give 0 or more "
                "and less than 1"
            )


@dataclass(frozen=True)
class StackMap:
    """What a stack told, and where its maps are.

    Attributes
    ----------
    folder : Path
        Holds ``maps.h5`` and the figures.
    shape : tuple of int
        Rows and columns.
    mean : Answer
        For the mean spectrum of all pixels with a signal.
    places : ZeroPlaces
        The zeros that were used.
    counts : dict of int
        Pixels by `STATES`.
    quantiles : dict of list of float
        5, 50 and 95 % of the mapped pixels, by map.
    noisy : int
        Mapped pixels that are so noisy that it costs accuracy.
    remarks : tuple of str
        What a person must know beside, in words.
    """

    folder: Path
    shape: tuple[int, int]
    mean: Answer
    places: ZeroPlaces
    counts: dict[str, int]
    quantiles: dict[str, list[float]]
    noisy: int
    remarks: tuple[str, ...]

    def to_json(self) -> Json:
        """Give every number, ready for JSON."""
        return {
            "output": str(self.folder),
            "files": sorted(path.name for path in self.folder.iterdir()),
            "rows": self.shape[0],
            "columns": self.shape[1],
            "pixels": self.counts,
            "noisy": self.noisy,
            "quantiles": self.quantiles,
            "zeros": self.places.zeros.tolist(),
            "zero_weights": self.places.weights.tolist(),
            "zero_spread": self.places.spread,
            "mean_spectrum": self.mean.to_json(),
            "remarks": list(self.remarks),
        }


def map_stack(
    model: Model,
    stack: Stack,
    output: str | Path,
    settings: MapSettings | None = None,
    *,
    name: str = "model",
    force: bool = False,
    console: Console | None = None,
) -> StackMap:
    """Map the composition in every pixel of a stack.

    The zero and the resolution are those of the mean spectrum of all pixels with a signal; each
    pixel is then read with them. Never more than a block of the stack is in memory.

    Parameters
    ----------
    model : Model
        A regressor that knows measured spectra.
    stack : Stack
    output : str or Path
        The folder to make, whole or not at all: ``maps.h5``, a figure of each map, and
        ``overview.png``.
    settings : MapSettings, optional
    name : str
        What the maps call the model.
    force : bool
        Whether an existing folder may be replaced.
    console : Console, optional
        Where the progress is shown; on stderr by default.

    Returns
    -------
    StackMap

    Raises
    ------
    InputError
        If the output exists, the model does not know measured spectra, the stack does not cover
        its window or cannot be read, or no pixel has a signal.
    """
    settings = settings or MapSettings()
    inference = _checked(model, stack, settings.zero)
    shown = layers(model.absorber, str(model.target.neighbour), inference.classes)
    # A number of four bytes for each pixel and layer; figures and the state take less than one.
    space = 4 * (len(shown) + 1) * stack.shape[0] * stack.shape[1]
    with replacing(output, force=force, space=space) as folder:
        folder.mkdir(parents=True)
        with (
            counting_bar(console) as bar,
            # Pieces are shared out among the cores; their small products are not, too.
            threadpool_limits(1, user_api="blas"),
            ThreadPoolExecutor(os.cpu_count()) as pool,
        ):
            task = bar.add_task("rows averaged", total=_passes(settings) * stack.shape[0])

            def blocks() -> Iterator[Block]:
                for block in stack.blocks():
                    yield block
                    bar.advance(task, block.rows.stop - block.rows.start)

            finder = signal_finder(stack.energy, inference.grid)
            surveyed = survey(
                finder, stack.shape, blocks, pool, stack.name, mask_below=settings.mask_below
            )
            spectrum = Spectrum("mean spectrum", stack.energy, surveyed.mean, stack.name)
            mean = _mean_answer(model, spectrum, settings, name)
            evidence = mean.evidence
            assert evidence is not None
            reader = pixel_reader(inference, stack.energy, evidence.posterior)
            task = bar.add_task("rows mapped", total=stack.shape[0])
            noisy = 0
            with h5py.File(folder / MAPS, "w") as file:
                about = _attributes(name, model, stack, settings, evidence, reader.places)
                new_maps(file, surveyed.state, shown, stack.energy, surveyed.mean, about)
                for block in blocks():
                    state = surveyed.state[block.rows]
                    answers = _read(reader, block.spectra, state.reshape(-1) == MAPPED, pool)
                    noisy += int((answers.noise > NOISY).sum())
                    unlike = answers.novelty > 1
                    state[unlike.reshape(state.shape)] = UNLIKE
                    if not settings.force:
                        answers.expected[unlike] = np.nan
                        answers.half_widths[unlike] = np.nan
                    write_rows(file, block.rows, state, answers, inference.classes)
        view = view_maps(folder / MAPS, shown)
        result = StackMap(
            folder=Path(output),
            shape=stack.shape,
            mean=mean,
            places=reader.places,
            counts=surveyed.counts(),
            quantiles=_quantiles(view),
            noisy=noisy,
            remarks=_remarks(surveyed, mean, reader.places, noisy),
        )
        draw_maps(folder, view, shown)
        draw_overview(folder, view, shown, evidence)
    return result


def _mean_answer(model: Model, spectrum: Spectrum, settings: MapSettings, name: str) -> Answer:
    """Read the mean spectrum, if the model may answer for it."""
    reasons = check(model, spectrum, settings.zero)
    if reasons and not settings.force:
        raise InputError(
            f"{spectrum.source}, mean spectrum: {reasons[0]}; --force maps it all the same"
        )
    request = Request(align="auto", zero=settings.zero, preparation=AS_IT_IS, force=True)
    (found,) = answer(model, spectrum, request, name=name)
    return found


def _checked(model: Model, stack: Stack, zero: Zero) -> Inference:
    """Refuse at once what would be refused after the stack was read."""
    inference = known_inference(model, stack.name)
    grid, energy = inference.grid, stack.energy
    window = grid[-1] - grid[0]
    span = energy[-1] - energy[0]
    if span < window <= 1000 * span and energy[0] > 0 and energy[-1] < HIGHEST_KEV:
        raise InputError(
            f"{stack.name}: energies from {energy[0]:g} to {energy[-1]:g} are too close for a "
            f"window of {window:g} eV, as if they were in keV; give them in eV"
        )
    zero.places(energy, grid, stack.name)
    return inference


def _passes(settings: MapSettings) -> int:
    return 1 if settings.mask_below is None else 2


def _read(
    reader: PixelReader,
    spectra: Num[np.ndarray, "pixel energy"],
    wanted: Bool[np.ndarray, " pixel"],
    pool: Executor,
) -> PixelAnswers:
    """Read the pixels that are wanted; the others get NaN."""

    def one(part: slice) -> PixelAnswers:
        return reader.read(spectra[part][wanted[part]])

    found = list(pool.map(one, pieces(len(spectra))))
    columns = []
    for values in zip(*(vars(answers).values() for answers in found), strict=True):
        joined = np.concatenate(values)
        everywhere = np.full((len(wanted), *joined.shape[1:]), np.nan, np.float32)
        everywhere[wanted] = joined
        columns.append(everywhere)
    return PixelAnswers(*columns)


def _attributes(
    name: str,
    model: Model,
    stack: Stack,
    settings: MapSettings,
    mean: Evidence,
    places: ZeroPlaces,
) -> Mapping[str, object]:
    """Say how the maps were made."""
    return {
        "model": name,
        "model_fingerprint": model.record.training.fingerprint,
        "stack": stack.name,
        "energy_axis": stack.axis,
        "from_transmission": stack.incident is not None,
        "e0": settings.zero.energy,
        "e0_uncertainty": None if settings.zero.energy is None else settings.zero.uncertainty,
        "mask_below": settings.mask_below,
        "forced": settings.force,
        "zeros": places.zeros,
        "zero_weights": places.weights,
        "zero_spread": places.spread,
        "broadening": mean.posterior.width,
        "mean_novelty": mean.fit.score,
    }


def _quantiles(view: View) -> dict[str, list[float]]:
    return {
        name: np.nanquantile(one, [0.05, 0.5, 0.95]).tolist()
        for name, one in view.maps.items()
        if np.isfinite(one).any()
    }


def _remarks(surveyed: Survey, mean: Answer, places: ZeroPlaces, noisy: int) -> tuple[str, ...]:
    counts = surveyed.counts()
    remarks = []
    for state, why in (
        ("not_finite", "hold numbers that are not finite"),
        ("no_signal", "vary no more than their noise"),
        ("dim", "are dim"),
        ("unlike", "are unlike any mixture of the training spectra (novelty over 1)"),
    ):
        if counts[state]:
            share = counts[state] / surveyed.state.size
            remarks.append(f"{counts[state]} of {surveyed.state.size} pixels ({share:.1%}) {why}")
    remarks += [f"the mean spectrum: {reason}" for reason in mean.reasons]
    remarks += mean.remarks
    if places.mode_weight < 1 - LEFT_OUT:
        remarks.append(
            f"the maps suppose the likeliest zero, E0 = {places.likeliest:.1f} eV "
            f"({places.mode_weight:.0%})"
        )
    if noisy:
        remarks.append(
            f"{noisy} pixels are so noisy that it costs accuracy: noise over {NOISY:g} of the "
            "variation; average neighbouring pixels"
        )
    return tuple(remarks)
