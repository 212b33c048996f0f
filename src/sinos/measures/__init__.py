"""Measures: from records to relation-years, supplier-years, buyer-years, product-years and cluster-years."""

from sinos.measures.measures import Measures, measure

__all__ = ["Measures", "measure"]
