"""Networks train side by side here, as they do for users."""

from collections.abc import Iterator

import pytest

from nearedge.learning.training import _schedule

AT_ONCE = _schedule.NETWORKS_AT_ONCE


@pytest.fixture(scope="module", autouse=True)
def _side_by_side(_cheap_learning: None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_schedule, "NETWORKS_AT_ONCE", AT_ONCE)
        yield
