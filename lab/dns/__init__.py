"""The cluster's DNS, for the programs of images: stand-ins find Services in a file."""
