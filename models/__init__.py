"""Who answers for a role: the registry, the role router, and the providers it asks."""
