"""What was compared with partners' statements."""
