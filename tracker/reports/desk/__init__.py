"""The staff's desk: the orders that wait for a person, each with its history and what may be done about it."""
