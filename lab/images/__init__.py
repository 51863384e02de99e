"""Container images in the lab's cache: pulled or loaded, checked, and unpacked once as layers of an overlay.

images/layers/sha256-<diff id>/tree       a layer as overlayfs takes it; finished, since it has its name
images/layers/sha256-<diff id>/layer.json its size
images/layers/.part-<digest>              being unpacked, or left by a process that was killed
images/downloads/sha256-<digest>          what was received of a layer; the next pull goes on from there
images/images/sha256-<digest>.json        an image: its layers and its configuration; locked while a lab uses it
images/names/<hash of the name>.json      the digest of the image that a reference stands for
images/locks/<digest>                     held while a layer is downloaded and unpacked
images/.lock                              shared by processes that add images; held alone by one that removes some

A layer is named by the digest of its unpacked archive, its diff ID in the terms of the OCI image specification
(https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md): the same layer is unpacked once, however it was
compressed.
"""
