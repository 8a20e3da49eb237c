"""Figures and tables; the only place that draws."""
