"""Sinos: how value chains are governed, what upgrading happens in them, and where it is blocked."""

__version__ = "0.1.0"
