"""
The ladder
==========

The same way of training, scored while less and less is shared between training and test spectra.
Four trajectories and one seed, to be quick; the report has all.
"""

import numpy as np

import nearedge
from nearedge.paper.figures import draw_ladder

data = nearedge.load_dataset("li3feo35")
few = data.select(np.isin(data.trajectory, [f"rocksalt-1-00{number}" for number in range(4)]))
ladder = nearedge.climb(few, "best", seeds=1)
print(ladder)
figure = draw_ladder(ladder)
