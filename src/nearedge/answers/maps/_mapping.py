"""From a stack to maps of compositions: one zero for all, then pixel by pixel."""

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Bool, Float, Num, UInt8
from rich.console import Console
from threadpoolctl import threadpool_limits

from nearedge.answers._answer import Answer
from nearedge.answers._answering import Request, answer, known_inference
from nearedge.answers.maps._maps import (
    DIM,
    MAPPED,
    NO_SIGNAL,
    NOT_FINITE,
    STATES,
    UNLIKE,
    draw_maps,
    draw_overview,
    layers,
    new_maps,
    reference_layers,
)
from nearedge.answers.maps._references import read_by_references, sampled
from nearedge.drawing.progress import counting_bar
from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.files.stacks import Block, Stack
from nearedge.matching import GRID, Library, reference_reader
from nearedge.models import Model
from nearedge.models.inference import (
    PIECE,
    Inference,
    PixelReader,
    SignalFinder,
    Signals,
    Zero,
    ZeroPlaces,
    pixel_reader,
)
from nearedge.records import Json, replacing
from nearedge.spectra import Preparation, Spectrum

NOISY = 0.3
"""Noise of a pixel, as a fraction of its variation, from which it costs accuracy.

See benchmarks/maps.py.
"""

LEFT_OUT = 0.01
"""Probability of other positions of the zero from which a remark says that they are left out."""

HIGHEST_KEV = 120.0
"""Above all edges, keV."""

BRIGHT = 0.99
"""Quantile of the brightness with which that of dim pixels is compared."""

LARGEST_VIEW = 1500
"""Rows or columns beyond which figures and quantiles use every second pixel, every third ..."""

Read = Callable[[Num[np.ndarray, "pixel energy"]], Float[np.ndarray, "layer pixel"]]

AS_IT_IS = Preparation("none", glitches=False)
"""The mean spectrum is prepared as little as the pixels are."""


@dataclass(frozen=True)
class StackMap:
    """Results for a stack, and where its maps are: ``maps.h5`` and the figures in a folder.

    The mean spectrum is that of all pixels with a signal, the places are the zeros used. Pixels are
    counted by state, and those whose noise costs accuracy; quantiles (5, 50 and 95 % of the mapped
    pixels) are by map.
    """

    folder: Path
    shape: tuple[int, int]
    mean: Answer
    places: ZeroPlaces | None
    counts: dict[str, int]
    quantiles: dict[str, list[float]]
    noisy: int

    @property
    def remarks(self) -> list[str]:
        """Remarks that belong to the numbers."""
        total = math.prod(self.shape)
        remarks = [
            f"{self.counts[state]} of {total} pixels ({self.counts[state] / total:.1%}) {why}"
            for state, why in STATES.items()
            if self.counts[state] and state != "mapped"
        ]
        remarks += [f"the mean spectrum: {reason}" for reason in self.mean.reasons]
        remarks += self.mean.remarks
        if self.places and self.places.mode_weight < 1 - LEFT_OUT:
            remarks.append(
                f"the maps suppose the likeliest zero, E0 = {self.places.likeliest:.1f} eV "
                f"({self.places.mode_weight:.0%})"
            )
        if self.noisy:
            remarks.append(
                f"{self.noisy} pixels are so noisy that accuracy suffers: noise over {NOISY:g} of "
                "the variation; average neighbouring pixels"
            )
        return remarks

    def to_json(self) -> Json:
        """Return all numbers, ready for JSON."""
        return {
            "output": str(self.folder),
            "files": sorted(path.name for path in self.folder.iterdir()),
            "rows": self.shape[0],
            "columns": self.shape[1],
            "pixels": self.counts,
            "noisy": self.noisy,
            "quantiles": self.quantiles,
            **(zeros_of(self.places) if self.places else {}),
            "mean_spectrum": self.mean.to_json(),
            "remarks": self.remarks,
        }


def zeros_of(places: ZeroPlaces) -> Json:
    """Name the zeros that maps are made with, their weights and their spread."""
    return {
        "zeros": places.zeros.tolist(),
        "zero_weights": places.weights.tolist(),
        "zero_spread": places.spread,
    }


def map_stack(
    model: Model | Library,
    stack: Stack,
    output: str | Path,
    *,
    zero: Zero | None = None,
    mask_below: float | None = None,
    name: str = "model",
    force: bool = False,
    overwrite: bool = False,
    console: Console | None = None,
) -> StackMap:
    """Map the composition in every pixel of a stack with a regressor, or a library of references.

    The zero and the resolution are those of the mean spectrum of all pixels with a signal; each
    pixel is then read with them. A library needs no zero: broadening and stretch of its references
    are those of the mean and of the pixels that differ most, the rise is each pixel's own.

    Pixels are left out if their mean intensity is below a fraction of that of the brightest
    (the 99th percentile, so that a few hot pixels do not matter). With `force` pixels and stacks
    to which the model does not apply are mapped; with it or `overwrite` a folder is replaced.

    Only a block of the stack is in memory at a time. The output folder is written whole or not at
    all: ``maps.h5``, which has the model's `name`, a figure of each map, ``overview.png``.
    """
    zero = zero or Zero()
    if mask_below is not None and not 0 <= mask_below < 1:
        raise InputError(
            f"{mask_below} is no share of the brightest pixels' intensity; give 0 or more and less "
            "than 1"
        )
    inference = None if isinstance(model, Library) else _checked(model, stack, zero)
    # Nothing is known of the element yet, but how many maps there will be.
    count = 5 if inference is None else len(inference.classes) + 4
    # A number of four bytes for each pixel and layer; figures and the state take less than one.
    space = 4 * (count + 1) * math.prod(stack.shape)
    with replacing(output, force=force or overwrite, space=space) as folder:
        folder.mkdir(parents=True)
        with (
            counting_bar(console) as bar,
            # Pieces are shared out among the cores; their small products are not, too.
            threadpool_limits(1, user_api="blas"),
            ThreadPoolExecutor(os.cpu_count()) as pool,
        ):
            passes = 1 if mask_below is None else 2
            task = bar.add_task("rows averaged", total=passes * stack.shape[0])

            def blocks() -> Iterator[Block]:
                for block in stack.blocks():
                    yield block
                    bar.advance(task, block.rows.stop - block.rows.start)

            finder = SignalFinder(stack.energy, inference.grid if inference else GRID)
            state, mu = survey(finder, stack.shape, blocks, pool, stack.name, mask_below)
            known = zero if inference or zero.energy is not None else None
            request = Request("auto", known, AS_IT_IS, force=force)
            mean_spectrum = Spectrum("mean spectrum", stack.energy, mu, stack.name)
            (mean,) = answer(model, mean_spectrum, request, name=name)
            if mean.evidence is None and (mean.match is None or (mean.reasons and not force)):
                raise InputError(
                    f"{stack.name}, mean spectrum: {mean.reasons[0]}; --force maps it all the same"
                )
            about: Json = {
                "model": name,
                "stack": stack.name,
                "energy_axis": stack.axis,
                "from_transmission": stack.incident is not None,
                "e0": zero.energy,
                "e0_uncertainty": None if zero.energy is None else zero.uncertainty,
                "mask_below": mask_below,
                "forced": force,
            }
            places = None
            if mean.match is not None:
                shown = reference_layers(Edge(mean.match.absorber, mean.match.library.edge))
                references = reference_reader(mean.match, sampled(stack, state))
                read: Read = partial(read_by_references, references)
                about["mean_misfit"] = mean.match.best
            else:
                assert isinstance(model, Model)
                assert inference is not None
                assert mean.evidence is not None
                posterior = mean.evidence.posterior
                shown = layers(model.absorber, str(model.target.neighbour), inference.classes)
                reader = pixel_reader(inference, stack.energy, posterior)
                read, places = partial(_read_by_networks, reader), reader.places
                about |= zeros_of(places)
                about |= {
                    "model_fingerprint": model.record.training.fingerprint,
                    "broadening": posterior.width,
                    "mean_novelty": mean.evidence.fit.score,
                }
            task = bar.add_task("rows mapped", total=stack.shape[0])
            noisy = 0
            with h5py.File(folder / "maps.h5", "w") as file:
                datasets = new_maps(file, state, shown, stack.energy, mu, about)
                for block in blocks():
                    here = state[block.rows].reshape(-1)
                    wanted = here == MAPPED
                    became, *values = told = _read(read, block.spectra, wanted, len(datasets), pool)
                    noisy += int((values[-1] > NOISY).sum())
                    here[wanted] = became[wanted]
                    if not force:
                        told[1:-2, became != MAPPED] = np.nan
                    for dataset, pixels in zip(datasets, (here, *values), strict=True):
                        dataset[block.rows] = pixels.reshape(-1, stack.shape[1])
                step = -(-max(stack.shape) // LARGEST_VIEW)
                maps = {
                    layer.name: dataset[::step][:, ::step]
                    for layer, dataset in zip(shown, datasets[1:], strict=True)
                }
        draw_maps(folder, shown, maps, step)
        draw_overview(folder, shown, maps, step, mean)
    quantiles = {
        layer: np.nanquantile(image, [0.05, 0.5, 0.95]).tolist()
        for layer, image in maps.items()
        if np.isfinite(image).any()
    }
    counts = _counts(state)
    return StackMap(Path(output), stack.shape, mean, places, counts, quantiles, noisy)


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


def _read_by_networks(
    reader: PixelReader, spectra: Num[np.ndarray, "pixel energy"]
) -> Float[np.ndarray, "layer pixel"]:
    """Read pixels: what becomes of each, then layer by layer."""
    (mean, *shares), (half, *_), novelty, noise = (told.T for told in reader.read(spectra))
    became = np.where(novelty > 1, UNLIKE, MAPPED)
    return np.stack([became, mean, half, *shares, novelty, noise])


def _read(
    read: Read,
    spectra: Num[np.ndarray, "pixel energy"],
    wanted: Bool[np.ndarray, " pixel"],
    count: int,
    pool: Executor,
) -> Float[np.ndarray, "layer pixel"]:
    """Read the pixels that are wanted, layer by layer; the others get NaN."""
    values = np.full((count, len(spectra)), np.nan, np.float32)

    def fill(part: slice) -> None:
        pixels = part.start + np.flatnonzero(wanted[part])
        if len(pixels):
            values[:, pixels] = read(spectra[pixels])

    list(pool.map(fill, _pieces(len(spectra))))
    return values


def survey(
    finder: SignalFinder,
    shape: tuple[int, int],
    blocks: Callable[[], Iterator[Block]],
    pool: Executor,
    name: str,
    mask_below: float | None,
) -> tuple[UInt8[np.ndarray, "row column"], Float[np.ndarray, " energy"]]:
    """Return the state of all pixels, and the mean spectrum of those with a signal.

    Each is scaled before, so that its largest deviation from its own mean is 1: thick, thin and
    broken pixels have equal weight. The stack is read a block at a time, twice if pixels below a
    fraction of the brightest intensity (`BRIGHT`) are left out.
    """
    state = np.empty(shape, np.uint8)
    brightness = np.zeros(shape, np.float32)
    total: np.ndarray | float = 0.0
    for block in blocks():
        here = state[block.rows].reshape(-1)
        for part, look in _looks(finder, block.spectra, pool):
            here[part] = np.where(look.signal, MAPPED, NO_SIGNAL)
            here[part][~look.finite] = NOT_FINITE
            total = total + look.levelled[look.signal].sum(axis=0, dtype=float)
        if mask_below is not None:
            with np.errstate(invalid="ignore", over="ignore"):
                means = block.spectra.mean(axis=1, dtype=np.float32)
            brightness[block.rows] = means.reshape(-1, shape[1])
    signal = state == MAPPED
    if mask_below is not None and signal.any():
        limit = mask_below * np.quantile(brightness[signal], BRIGHT)
        state[signal & (brightness < limit)] = DIM
        total = 0.0
        for block in blocks():
            wanted = state[block.rows].reshape(-1) == MAPPED
            for part, look in _looks(finder, block.spectra, pool):
                total = total + look.levelled[wanted[part]].sum(axis=0, dtype=float)
    counts = _counts(state)
    if not counts["mapped"]:
        raise InputError(
            f"{name}: no pixel holds a spectrum ({counts['no_signal']} vary no more than their "
            f"noise, {counts['not_finite']} are not finite, {counts['dim']} are dim); check the "
            "axis of the energies, or average neighbouring pixels"
        )
    return state, np.asarray(total) / counts["mapped"]


def _counts(state: UInt8[np.ndarray, "row column"]) -> dict[str, int]:
    """Count the pixels by what became of them."""
    counts = np.bincount(state.ravel(), minlength=len(STATES)).tolist()
    return dict(zip(STATES, counts, strict=True))


def _pieces(count: int) -> list[slice]:
    """Part pixels into pieces that are worked on at once."""
    return [slice(start, min(start + PIECE, count)) for start in range(0, count, PIECE)]


def _looks(
    finder: SignalFinder, spectra: Num[np.ndarray, "pixel energy"], pool: Executor
) -> Iterator[tuple[slice, Signals]]:
    parts = _pieces(len(spectra))
    yield from zip(parts, pool.map(lambda part: finder.find(spectra[part]), parts), strict=True)
