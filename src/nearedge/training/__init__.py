"""One compiled trainer for any number of networks: epochs and batches run inside one XLA loop.

Networks of one shape train side by side along a vmapped axis, whatever their seed, width, learning
rate, penalty or data; `train` groups the jobs it is given.
"""

from nearedge.training._jobs import Curves as Curves
from nearedge.training._jobs import Job as Job
from nearedge.training._jobs import L2Convention as L2Convention
from nearedge.training._jobs import Loss as Loss
from nearedge.training._jobs import Trained as Trained
from nearedge.training._jobs import TrainingSettings as TrainingSettings
from nearedge.training._schedule import train as train
