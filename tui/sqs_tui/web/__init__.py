"""The dashboard in a browser: view-only, for browsers of this machine."""
