"""Every line of the manual runs as it is printed."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def of_pages(language: str) -> pytest.MarkDecorator:
    pages = [page for page in PAGES if blocks(page, language)]
    assert pages
    return pytest.mark.parametrize("page", pages, ids=lambda page: page.stem)


@pytest.mark.engine
@pytest.mark.usefixtures("quick_recipes")
@of_pages("python")
def test_every_line_of_python(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    text = "\n".join(blocks(page, "python"))
    lines = doctest.DocTestParser().get_doctest(text, {}, page.stem, None, 0)
    assert doctest.DocTestRunner(optionflags=flags).run(lines) == (0, len(lines.examples))


@pytest.mark.commands
@of_pages("bash")
def test_every_command(page: Path, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = "\n".join(["set -e", *blocks(page, "bash")])
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env={**os.environ, "PATH": path}, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_block_is_run_or_marked_as_text(page: Path) -> None:
    fences = re.findall(r"^```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    opened = fences[::2]
    assert set(opened) <= {"bash", "python", "text", "{toctree}", "{eval-rst}"}, opened


def test_the_tutorial_uses_public_names_only() -> None:
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^(?:>>>|\.\.\.) (.*)$", text, re.MULTILINE))
    import nearedge

    used = set(re.findall(r"nearedge\.(\w+)", code))
    assert used <= set(dir(nearedge))
    assert len(used) > 15
