"""The page's server: on this machine alone, for as long as the command runs."""

import socket
from importlib import import_module
from pathlib import Path
from threading import Thread

from nearedge.answers import load_any
from nearedge.errors import InputError, MissingExtraError
from nearedge.models import ready_models

HOST = "127.0.0.1"


def serve(port: int, *, browser: bool) -> None:
    """Serve the page on this machine until Ctrl-C, and open a browser if that is wanted.

    Raises
    ------
    MissingExtraError
        Without the extra ``app``.
    InputError
        If something else listens on the port.
    """
    try:
        import_module("plotly.graph_objects")
        from streamlit.web import bootstrap
    except ModuleNotFoundError as error:
        package = (error.name or "streamlit").partition(".")[0]
        raise MissingExtraError(package, "app", "the page (nearedge app)") from None
    _check_port(port)
    options = {
        "server_address": HOST,
        "server_port": port,
        # Without a browser to open; a question for an e-mail address is none of this server's.
        "server_headless": not browser,
        "server_fileWatcherType": "none",
        "server_maxUploadSize": 1000,
        "browser_gatherUsageStats": False,
        "browser_serverAddress": HOST,
        "client_toolbarMode": "viewer",
        "client_showErrorDetails": "none",
        "logger_hideWelcomeMessage": True,
        "runner_magicEnabled": False,
    }
    print(f"http://{HOST}:{port} on this machine alone; Ctrl-C ends it", flush=True)
    # What the first visitor would wait for.
    Thread(target=_warm, daemon=True).start()
    bootstrap.load_config_options(options)
    bootstrap.run(str(Path(__file__).with_name("page.py")), False, [], options)


def _warm() -> None:
    import_module("nearedge.app._page")
    for model in ready_models():
        load_any(model.folder)


def _check_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A server that has just ended keeps nothing, though the system remembers its connections.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"port {port} of {HOST} cannot be used ({reason}); choose another with --port"
            ) from None
