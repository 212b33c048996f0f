"""Upgrading: process, product, functional and inter-sectoral; gains and losses; never one composite."""

from __future__ import annotations

from sinos.upgrading.upgrading import Upgrading, score

__all__ = ["Upgrading", "score"]
