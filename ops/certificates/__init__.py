"""Certificates for development, and the inspection of any certificate."""
