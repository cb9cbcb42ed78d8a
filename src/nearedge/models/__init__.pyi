"""The public names of the room and where they live; each is imported when it is first used."""

from ._card import coverage_sentence as coverage_sentence
from ._evaluation import (
    ClassEvaluation as ClassEvaluation,
    NumberEvaluation as NumberEvaluation,
    evaluate as evaluate,
    trained_on as trained_on,
)
from ._model import Kind as Kind, Model as Model, load_model as load_model
from ._record import Conditions as Conditions, Record as Record, Training as Training
from ._registry import (
    ReadyModel as ReadyModel,
    ready_folder as ready_folder,
    ready_model as ready_model,
    ready_models as ready_models,
)
from ._training import train as train
