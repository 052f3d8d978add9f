"""The version, as a literal: reading package metadata costs 50 ms at start."""

__version__ = "0.1.0"
