"""The checks page: asks the browser before the shopper leaves, and says what it found with the fix of each."""
