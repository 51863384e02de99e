"""Server certificates: read from what people have, put in order, and checked before anything is given to a gateway."""
