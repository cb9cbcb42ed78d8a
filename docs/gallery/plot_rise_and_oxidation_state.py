"""
The rise and the oxidation state
================================

K-edges of iron in oxides, aligned on their rise: what the oxidation state changes besides the
position.
"""

import matplotlib.pyplot as plt
import numpy as np

import nearedge
from nearedge.matching import REFERENCE, build_library

library = build_library(nearedge.load_dataset("3d-k-edges")).of("Fe")
state, number = library.value("oxidation_state"), library.value("coordination")
oxide = np.array(["O" in formula for formula in library.formula])
figure, axes = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
for charge, count, colour in ((2, 6, "C0"), (3, 6, "C1"), (3, 4, "C2")):
    rows = oxide & (np.abs(state - charge) < 0.1) & (number == count)
    curves = library.curves[rows]
    axes.plot(
        REFERENCE,
        np.median(curves, axis=0),
        color=colour,
        label=f"Fe{charge}+, {count} neighbours ({len(curves)})",
    )
    low, high = np.quantile(curves, [0.16, 0.84], axis=0)
    axes.fill_between(REFERENCE, low, high, color=colour, alpha=0.2, lw=0)
axes.set(xlabel="energy from the rise (eV)", ylabel="normalised absorption", xlim=(-15, 45))
axes.legend()
