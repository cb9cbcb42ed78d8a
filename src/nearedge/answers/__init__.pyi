"""The public names of the room and where they live; each is imported when it is first used."""

from ._answer import (
    Answer as Answer,
    Value as Value,
    answer_table as answer_table,
    write_csv as write_csv,
)
from ._answering import (
    Align as Align,
    Request as Request,
    answer as answer,
    known_inference as known_inference,
    without_glitches as without_glitches,
)
from ._check import check as check, edge_range as edge_range
from ._evidence import Evidence as Evidence
from ._figure import draw as draw, plot_name as plot_name, write_figure as write_figure
from ._files import (
    Choose as Choose,
    Failure as Failure,
    answer_files as answer_files,
    answers_json as answers_json,
    choose_ready as choose_ready,
    files_in as files_in,
    find_library as find_library,
    is_folder as is_folder,
    load_any as load_any,
    read_any as read_any,
    subfolders as subfolders,
)
from ._match_figure import draw_match as draw_match
from ._measured_figure import draw_measured as draw_measured
from ._measured_scores import MeasuredScore as MeasuredScore
from ._references import absorber_of as absorber_of, own_references as own_references
from .measured import (
    MeasuredEvaluation as MeasuredEvaluation,
    evaluate_measured as evaluate_measured,
    judgements as judgements,
)
from .simulation import (
    Beamline as Beamline,
    simulate_sample as simulate_sample,
    write_columns as write_columns,
)
