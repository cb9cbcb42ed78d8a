"""Ball-and-stick drawings of an absorber and its neighbours, made of matplotlib alone."""

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from scipy.spatial.transform import Rotation

from nearedge.drawing.style import GREY, plain

_LIGHT = np.array([-0.45, 0.55, 0.70])


def view(positions: Float[np.ndarray, "atom 3"]) -> Float[np.ndarray, "atom 3"]:
    """Turn positions to the side from which the balls hide each other least, `z` to the reader."""
    if len(positions) < 2:
        return positions
    turned = np.stack(
        [turn.apply(positions) for turn in Rotation.random(600, rng=np.random.default_rng(0))]
    )
    apart = np.linalg.norm(turned[:, :, None, :2] - turned[:, None, :, :2], axis=3)
    first, second = np.triu_indices(len(positions), 1)
    return turned[apart[:, first, second].min(axis=1).argmax()]


def draw_surroundings(axes: Axes, cluster: Atoms, caption: str) -> None:
    """Draw balls and sticks into empty axes, and a caption below.

    The first atom, at the origin, is the absorber; it has a black rim.
    """
    points = view(cluster.positions)
    # Far things first; sticks lie halfway to their ball.
    reach = float(np.abs(points[:, 2]).max()) or 1.0
    radii = covalent_radii[cluster.numbers]
    for (x, y, z), radius in zip(points[1:], radii[1:], strict=True):
        # Atoms that only happen to be near are no bond: a dotted line.
        bonded = np.linalg.norm((x, y, z)) < 1.3 * (radii[0] + radius)
        (stick,) = axes.plot([0, x], [0, y], color=GREY, zorder=10 + 4 * z / reach)
        stick.set(linewidth=2.8 if bonded else 1.0, linestyle="-" if bonded else ":")
    symbols = cluster.get_chemical_symbols()
    for index in np.argsort(points[:, 2]):
        x, y, z = points[index]
        size = (0.30 + 0.24 * radii[index]) * (1 + 0.10 * z / reach)
        order = 20 + 5 * z / reach
        extent = (x - size, x + size, y - size, y + size)
        ball = _ball(jmol_colors[cluster.numbers[index]])
        axes.imshow(ball, extent=extent, zorder=order, interpolation="bilinear")
        rim = {"ec": "black", "lw": 1.6} if index == 0 else {"ec": "0.25", "lw": 0.6}
        axes.add_patch(Circle((x, y), size, fill=False, zorder=order + 0.01, **rim))
        text = axes.text(x, y, symbols[index], ha="center", va="center_baseline", fontsize=6.5)
        text.set(fontweight="bold" if index == 0 else "normal", zorder=order + 0.02)
    span = max(float(np.linalg.norm(points[:, :2], axis=1).max()) + 0.75, 2.9)
    axes.set(xlim=(-span, span), ylim=(-span, span), aspect="equal")
    axes.axis("off")
    below = axes.text(0.5, -0.02, plain(caption), transform=axes.transAxes, ha="center", va="top")
    below.set(fontsize=6, color="0.35", linespacing=1.3)


def _ball(colour: Float[np.ndarray, " 3"], pixels: int = 96) -> Float[np.ndarray, "y x 4"]:
    """Picture of a sphere lit from the upper left, transparent outside its disc."""
    axis = np.linspace(-1, 1, pixels)
    x, y = np.meshgrid(axis, axis[::-1])
    inside = x**2 + y**2
    normal = np.stack([x, y, np.sqrt(np.clip(1 - inside, 0, None))], axis=-1)
    lit = np.clip(normal @ (_LIGHT / np.linalg.norm(_LIGHT)), 0, None)[..., None]
    shaded = colour * (0.62 + 0.38 * lit)
    shaded += (1 - shaded) * (0.30 * lit + 0.45 * lit**14)
    edge = np.clip((1 - np.sqrt(inside)) * pixels / 2, 0, 1)
    return np.clip(np.dstack([shaded, edge]), 0, 1)
