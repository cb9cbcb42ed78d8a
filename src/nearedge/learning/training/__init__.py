"""One compiled trainer for any number of networks: epochs and batches run inside one XLA loop.

Networks of one shape train side by side along a vmapped axis, whatever their seed, width, learning
rate, penalty or data; `train` groups the jobs it is given.
"""

from nearedge.learning.training._jobs import (
    Curves as Curves,
    Job as Job,
    L2Convention as L2Convention,
    Loss as Loss,
    Trained as Trained,
    TrainingSettings as TrainingSettings,
)
from nearedge.learning.training._schedule import train as train
