"""
What a spectrum counts
======================

Two O atoms with the same number of Fe neighbours within 2.6 Å may have very different spectra.
Sorted by their bond valence, which counts each neighbour by its distance, spectra change
steadily.
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

import nearedge

data = nearedge.load_dataset("li3feo35")
data = data.select(data.environment != "dimer")
valence = data.labels(data.target("bond_valence"))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for number in range(4):
    left.plot(data.energy, data.mu[data.coordination == number].mean(axis=0), label=f"{number} Fe")
left.set(
    title="mean spectra by coordination number", xlabel="energy (eV)", ylabel="absorption (Mb)"
)
left.legend()

one = data.coordination == 1
edges = np.quantile(valence[one], [0, 0.2, 0.4, 0.6, 0.8, 1])
for part, (low, high) in enumerate(pairwise(edges)):
    rows = one & (valence >= low) & (valence <= high)
    colour = plt.get_cmap("viridis")(part / 5)
    right.plot(
        data.energy, data.mu[rows].mean(axis=0), color=colour, label=f"{low:.2f} to {high:.2f}"
    )
right.set(title="O with one Fe, by bond valence (v.u.)", xlabel="energy (eV)")
right.legend()
