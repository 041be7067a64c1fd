"""What a shopper sees of their own: clicks, purchases, and the reason of each sum."""
