"""
A K-edge and the crystals that look like it
===========================================

A spectrum of one of the elements Ti to Zn is compared with computed spectra of crystals of known
structure. They are shifted, stretched and broadened until they fit; the answer is what the best
have in common.
"""

import nearedge
from nearedge.answers import Beamline, choose_ready, draw_match, simulate_sample

data = nearedge.load_dataset("3d-k-edges")
spectrum, truth = simulate_sample(
    data, Beamline(e0=7115, broadening=2.0), only=["Fe2O3_Hematite_amcsd0017806"], seed=3
)
model, _ = choose_ready(spectrum)
(answer,) = nearedge.answer(model, spectrum)
for name, value in answer.values.items():
    print(f"{name}: {value.value:.2f} ({value.low:.2f} to {value.high:.2f})")
print(f"truth: {truth['coordination']:.0f} neighbours")

# %%
# The spectrum over the most similar references, and the probability of each number:

figure = draw_match(answer.match, "hematite, simulated")
