"""The catalogue: what each partner promises now, and how to earn it for certain."""
