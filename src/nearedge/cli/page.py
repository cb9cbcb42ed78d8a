"""The verb that shows a page in the browser."""

from typing import Annotated

from typer import Option

from nearedge import app as page


def open_page(
    port: Annotated[int, Option(help="Port to listen on.", min=1, max=65535)] = 8501,
    browser: Annotated[
        bool, Option("--browser/--no-browser", help="Open it in the browser.")
    ] = True,
) -> None:
    """Show a page in the browser: drop files there, see answers, maps and structures.

    It runs on this machine and listens on 127.0.0.1 alone, until Ctrl-C. Needs the extra app.
    """
    page.serve(port, browser=browser)
