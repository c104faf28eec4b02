"""The server: the twin over HTTP, for the page, for programs, and for clients that speak OpenAI's protocol."""
