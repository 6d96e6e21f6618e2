"""R2: buckets of objects, with ranges, conditions, checksums and multipart uploads."""
