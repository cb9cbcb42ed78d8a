"""What Streamlit runs for each visitor, from top to bottom at every change."""

if __name__ == "__main__":
    from nearedge.app._page import show

    show()
