"""A client of image registries: tags, manifests and blobs of repositories, with the logins of Docker's configuration.

The protocol is the OCI distribution specification 1.1: https://github.com/opencontainers/distribution-spec. It takes
few requests, and `httpx` makes them. Of the libraries for registries, python-dxf logs in with TLS only and reads no
Docker configuration; oras needs to know in advance whether a registry wants Basic or Bearer, and has no timeout.
"""
