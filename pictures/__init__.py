"""Decode pictures from anywhere: what a stranger sends costs no more than it says."""
