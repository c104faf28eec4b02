"""Tools that look at files and change them."""
