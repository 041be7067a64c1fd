"""How fast the tracker is on this machine: `make bench`. Ratios of one run count; the machine drifts."""
