"""Local servers that speak the providers' real wire protocols and give scripted answers."""
