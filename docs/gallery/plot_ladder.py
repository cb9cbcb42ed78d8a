"""
The ladder
==========

The same recipe, scored as training and test spectra share less and less. Four trajectories and one
seed for speed; the report uses all.
"""

import numpy as np

import nearedge
from nearedge.paper.figures import draw_ladder

data = nearedge.load_dataset("li3feo35")
few = data.select(np.isin(data.trajectory, [f"rocksalt-1-00{number}" for number in range(4)]))
ladder = nearedge.climb(few, "best", seeds=1)
print(ladder)
figure = draw_ladder(ladder)
