"""
When the answer is no
=====================

A spectrum of another edge is refused, and so is one unlike all training spectra: here an edge with
two peaks that no O in disordered Li-Fe oxides has.
"""

import numpy as np

import nearedge

model = nearedge.load_model()
energy = np.arange(510.0, 560.0, 0.2)
edge = 0.5 + np.arctan((energy - 530) / 0.5) / np.pi
peaks = sum(2 * np.exp(-0.5 * ((energy - place) / 0.7) ** 2) for place in (532, 537))

titanium = nearedge.Spectrum("mu", energy + 4436, edge, "ti.dat")
peaked = nearedge.Spectrum("mu", energy, edge + peaks, "peaks.dat")
for spectrum in (titanium, peaked):
    (answer,) = nearedge.answer(model, spectrum)
    print(f"{spectrum.source}: {'; '.join(map(str, answer.reasons))}")

# %%
# The spectrum, and the best fit of the model:

figure = nearedge.draw(answer)
