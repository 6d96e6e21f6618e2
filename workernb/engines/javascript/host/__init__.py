"""The host's side of JavaScript's web APIs: what they ask of Python, and how they are installed."""

from .hooks import Hooks
from .install import Web, install
from .remedies import remedies

__all__ = ["Hooks", "Web", "install", "remedies"]
