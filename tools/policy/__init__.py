"""What the operator may do: levels of trust, rules, folders, and words that are not the owner's."""
