"""Check users' files and write them to PostGIS; each loader reads, checks, stages and merges in one transaction."""
