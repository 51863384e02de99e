"""Rules of admission policies: which versions, routes and pods the API server lets in."""
