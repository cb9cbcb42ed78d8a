"""The public names of the room and where they live; each is imported when it is first used."""

from ._fitting import (
    fit_inference as fit_inference,
    simulate_measurements as simulate_measurements,
)
from ._inference import Fit as Fit, Inference as Inference, Posterior as Posterior
from ._pixels import (
    PIECE as PIECE,
    PixelAnswers as PixelAnswers,
    PixelReader as PixelReader,
    SignalFinder as SignalFinder,
    Signals as Signals,
    ZeroPlaces as ZeroPlaces,
    pixel_reader as pixel_reader,
)
from ._scanning import Zero as Zero
