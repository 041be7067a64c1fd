"""Signed notifications to the programme's own systems: that is where messages to shoppers' telephones begin."""
