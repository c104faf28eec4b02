"""Who the twin is, what it keeps referring to, and what it has in mind: the files behind them."""
