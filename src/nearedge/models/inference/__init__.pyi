"""The public names of the room and where they live; each is imported when it is first used."""

from ._fitting import fit_inference as fit_inference
from ._inference import Inference as Inference
from ._pixels import (
    PIECE as PIECE,
    PixelAnswers as PixelAnswers,
    PixelReader as PixelReader,
    SignalFinder as SignalFinder,
    Signals as Signals,
    ZeroPlaces as ZeroPlaces,
    pixel_reader as pixel_reader,
)
from ._results import Fit as Fit, Posterior as Posterior
from ._simulation import simulate_measurements as simulate_measurements
from ._zero import Zero as Zero
