// A test may switch the rules off here, as a shopper does.
