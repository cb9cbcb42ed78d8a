"""
Coordination and bond length in crystals
========================================

What the dataset of K-edges contains: symmetry-unique sites of ordered crystals, each with its
number of neighbours and their mean distance.
"""

import matplotlib.pyplot as plt
import numpy as np

import nearedge

table = nearedge.load_dataset("3d-k-edges").table
number, length = table["coordination"].values.astype(float), table["bond_length"].values
figure, axes = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
elements = ["Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"]
jitter = np.random.default_rng(0).uniform(-0.3, 0.3, len(number))
for count, colour in ((4, "C0"), (5, "C1"), (6, "C2")):
    rows = number == count
    place = np.array([elements.index(name) for name in table["absorber"].values[rows]])
    axes.plot(
        place + jitter[rows], length[rows], ".", color=colour, label=f"{count} neighbours", ms=4
    )
axes.set_xticks(range(len(elements)), elements)
axes.set(ylabel="mean bond length (Å)", ylim=(1.5, 2.8))
axes.legend()
