"""
How many Fe around an O?
========================

The O K-edge of disordered Li3FeO3.5, averaged over the sites of one trajectory: the mean number of
Fe neighbours, with an interval, and the fractions of the environments. Neither the energy
zero nor the resolution is given.
"""

import nearedge
from nearedge.answers import Beamline, simulate_sample

data = nearedge.load_dataset("li3feo35")
spectrum, truth = simulate_sample(
    data, Beamline(e0=529.4, broadening=0.6, slope=0.4), only=["rocksalt-1-000"], seed=1
)
(answer,) = nearedge.answer(nearedge.load_model(), spectrum)
number = answer.values["coordination"]
print(
    f"{number.value:.2f} ({number.low:.2f} to {number.high:.2f}); truth {truth['coordination']:.2f}"
)
figure = nearedge.draw(answer)
