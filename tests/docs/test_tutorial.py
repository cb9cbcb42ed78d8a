"""The tutorial runs as it is printed."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.engine
@pytest.mark.usefixtures("quick_best")
def test_every_line_of_the_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    lines = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "tutorial", None, 0)
    assert doctest.DocTestRunner(optionflags=flags).run(lines) == (0, len(lines.examples))


def test_the_tutorial_uses_public_names_only() -> None:
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^(?:>>>|\.\.\.) (.*)$", text, re.MULTILINE))
    import nearedge

    used = set(re.findall(r"nearedge\.(\w+)", code))
    assert used <= set(dir(nearedge))
    assert len(used) > 15
